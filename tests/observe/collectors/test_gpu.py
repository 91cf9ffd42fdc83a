import importlib
import sys
from types import SimpleNamespace

import pytest

from homeostat.core.errors import NotAvailable
from homeostat.observe.collectors.gpu import METRICS, GpuCollector, load_nvml


class NvmlFailure(Exception):
    pass


class FakeNvml:
    """NVIDIA's library with two GPUs; the second does not tell its power."""

    NVMLError = NvmlFailure
    NVML_TEMPERATURE_GPU = 0
    NVML_CLOCK_GRAPHICS = 0
    NVML_CLOCK_MEM = 2

    def __init__(self, gpus: int = 2) -> None:
        self.gpus = gpus
        self.reasons = 0x1 | 0x4
        self.shut_down = False

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802 - the names are NVIDIA's
        return self.gpus

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:  # noqa: N802
        return index

    def nvmlDeviceGetUtilizationRates(self, device: int) -> SimpleNamespace:  # noqa: N802
        return SimpleNamespace(gpu=80, memory=10)

    def nvmlDeviceGetMemoryInfo(self, device: int) -> SimpleNamespace:  # noqa: N802
        return SimpleNamespace(total=1000, used=250, free=750)

    def nvmlDeviceGetTemperature(self, device: int, sensor: int) -> int:  # noqa: N802
        return 61

    def nvmlDeviceGetPowerUsage(self, device: int) -> int:  # noqa: N802
        if device == 1:
            raise NvmlFailure("Not Supported")
        return 250_000

    def nvmlDeviceGetClockInfo(self, device: int, domain: int) -> int:  # noqa: N802
        return 1980 if domain == self.NVML_CLOCK_GRAPHICS else 2619

    def nvmlDeviceGetCurrentClocksEventReasons(self, device: int) -> int:  # noqa: N802
        return self.reasons

    def nvmlShutdown(self) -> None:  # noqa: N802
        self.shut_down = True


def values(collector: GpuCollector, gpu: str) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = {}
    for reading in collector.collect(0):
        attributes = dict(reading.attributes)
        if attributes.pop("gpu") == gpu:
            found[reading.metric, "".join(attributes.values())] = reading.value
    return found


def test_each_gpu_is_read_in_the_units_of_the_catalogue() -> None:
    found = values(GpuCollector(FakeNvml), "0")
    assert found == {
        ("gpu.utilization", ""): 0.8,
        ("gpu.memory.usage", ""): 250,
        ("gpu.memory.utilization", ""): 0.25,
        ("gpu.temperature", ""): 61,
        ("gpu.power", ""): 250.0,
        ("gpu.clock", "graphics"): 1980,
        ("gpu.clock", "memory"): 2619,
        ("gpu.throttled", "power"): 1.0,
        ("gpu.throttled", "heat"): 0.0,
        ("gpu.throttled", "hardware"): 0.0,
    }


def test_an_idle_gpu_is_not_throttled() -> None:
    nvml = FakeNvml()
    nvml.reasons = 0x1
    found = values(GpuCollector(lambda: nvml), "0")
    assert {v for (metric, _), v in found.items() if metric == "gpu.throttled"} == {0.0}


def test_what_one_gpu_does_not_tell_is_missing_for_it_alone() -> None:
    collector = GpuCollector(FakeNvml)
    first, second = values(collector, "0"), values(collector, "1")
    assert ("gpu.power", "") in first
    assert ("gpu.power", "") not in second
    assert ("gpu.temperature", "") in second
    assert values(collector, "0")["gpu.power", ""] == 250.0
    assert collector.unavailable() == {}


def test_what_no_gpu_tells_has_its_reason() -> None:
    class Silent(FakeNvml):
        def nvmlDeviceGetPowerUsage(self, device: int) -> int:  # noqa: N802
            raise NvmlFailure("Not Supported")

    collector = GpuCollector(Silent)
    list(collector.collect(0))
    assert collector.unavailable() == {"gpu.power": "no GPU tells it: Not Supported"}


def test_without_the_binding_all_metrics_name_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    collector = GpuCollector(load_nvml)
    assert list(collector.collect(0)) == []
    assert set(collector.unavailable()) == set(METRICS)
    assert "pip install 'homeostat[gpu]'" in collector.unavailable()["gpu.power"]
    collector.close()


def test_without_a_driver_nvmls_own_words_are_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise NvmlFailure("NVML Shared Library Not Found")

    fake = SimpleNamespace(NVMLError=NvmlFailure, nvmlInit=fail)
    monkeypatch.setattr(importlib, "import_module", lambda name: fake)
    with pytest.raises(NotAvailable, match="Shared Library Not Found"):
        load_nvml()


def test_a_machine_without_gpus_says_so() -> None:
    collector = GpuCollector(lambda: FakeNvml(gpus=0))
    assert set(collector.unavailable().values()) == {"NVML finds no GPU in this machine"}


def test_close_shuts_the_library_down() -> None:
    nvml = FakeNvml()
    collector = GpuCollector(lambda: nvml)
    collector.close()
    assert nvml.shut_down
    assert list(collector.collect(0)) == []
