"""The GPU collector: NVIDIA's management library (NVML), where its binding and a driver are there."""

import importlib
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from homeostat.core.errors import NotAvailable
from homeostat.core.series import Attributes
from homeostat.observe.collectors.collector import Reading

METRICS = (
    "gpu.utilization",
    "gpu.memory.usage",
    "gpu.memory.utilization",
    "gpu.temperature",
    "gpu.power",
    "gpu.clock",
    "gpu.throttled",
)

THROTTLE_REASONS = {
    "power": 0x0000_0000_0000_0004 | 0x0000_0000_0000_0080,  # software power cap, hardware power brake
    "heat": 0x0000_0000_0000_0020 | 0x0000_0000_0000_0040,  # software and hardware thermal slowdown
    "hardware": 0x0000_0000_0000_0008,  # hardware slowdown
}
"""Bits of NVML's clocks event reasons, by what they mean; idle and user settings are no throttling."""


def load_nvml() -> Any:
    """Import the binding and start the library; NotAvailable says what is missing."""
    try:
        nvml = importlib.import_module("pynvml")
    except ImportError as error:
        raise NotAvailable("NVIDIA's binding is not installed: pip install 'homeostat[gpu]'") from error
    try:
        nvml.nvmlInit()
    except nvml.NVMLError as error:
        raise NotAvailable(f"NVML cannot start: {error}") from error
    return nvml


class GpuCollector:
    """Utilisation, memory, temperature, power, clocks and throttling of each GPU of the machine."""

    name = "gpu"
    waits_for: Mapping[str, str] = MappingProxyType({})

    def __init__(self, load: Callable[[], Any] = load_nvml) -> None:
        self._reasons: dict[str, str] = {}
        self._nvml: Any = None
        self._devices: list[tuple[str, Any]] = []
        try:
            self._nvml = load()
            count = self._nvml.nvmlDeviceGetCount()
        except NotAvailable as error:
            self._reasons.update(dict.fromkeys(METRICS, str(error)))
            return
        self._devices = [(str(i), self._nvml.nvmlDeviceGetHandleByIndex(i)) for i in range(count)]
        if not self._devices:
            self._reasons.update(dict.fromkeys(METRICS, "NVML finds no GPU in this machine"))

    def unavailable(self) -> Mapping[str, str]:
        """Return the reasons found so far; a metric that one GPU of several tells is available."""
        return self._reasons

    def collect(self, now_ns: int) -> Iterator[Reading]:
        """Return the readings of one round."""
        for metric, read in _READERS:
            silent: list[str] = []
            for index, device in self._devices:
                try:
                    yield from read(self._nvml, device, (("gpu", index),))
                except self._nvml.NVMLError as error:
                    silent.append(str(error))
            if silent and len(silent) == len(self._devices):
                self._reasons[metric] = f"no GPU tells it: {silent[0]}"
            elif self._devices:
                self._reasons.pop(metric, None)

    def close(self) -> None:
        """Shut the library down."""
        nvml, self._nvml, self._devices = self._nvml, None, []
        if nvml is not None:
            nvml.nvmlShutdown()


Reader = Callable[[Any, Any, Attributes], Iterator[Reading]]


def _utilization(nvml: Any, device: Any, gpu: Attributes) -> Iterator[Reading]:
    yield Reading("gpu.utilization", nvml.nvmlDeviceGetUtilizationRates(device).gpu / 100.0, gpu)


def _memory_usage(nvml: Any, device: Any, gpu: Attributes) -> Iterator[Reading]:
    yield Reading("gpu.memory.usage", nvml.nvmlDeviceGetMemoryInfo(device).used, gpu)


def _memory_utilization(nvml: Any, device: Any, gpu: Attributes) -> Iterator[Reading]:
    memory = nvml.nvmlDeviceGetMemoryInfo(device)
    yield Reading("gpu.memory.utilization", memory.used / memory.total, gpu)


def _temperature(nvml: Any, device: Any, gpu: Attributes) -> Iterator[Reading]:
    yield Reading("gpu.temperature", nvml.nvmlDeviceGetTemperature(device, nvml.NVML_TEMPERATURE_GPU), gpu)


def _power(nvml: Any, device: Any, gpu: Attributes) -> Iterator[Reading]:
    yield Reading("gpu.power", nvml.nvmlDeviceGetPowerUsage(device) / 1e3, gpu)


def _clock(nvml: Any, device: Any, gpu: Attributes) -> Iterator[Reading]:
    for domain, kind in (("graphics", nvml.NVML_CLOCK_GRAPHICS), ("memory", nvml.NVML_CLOCK_MEM)):
        yield Reading("gpu.clock", nvml.nvmlDeviceGetClockInfo(device, kind), (("domain", domain), *gpu))


def _throttled(nvml: Any, device: Any, gpu: Attributes) -> Iterator[Reading]:
    bits = nvml.nvmlDeviceGetCurrentClocksEventReasons(device)
    for reason, mask in THROTTLE_REASONS.items():
        yield Reading("gpu.throttled", float(bits & mask != 0), (*gpu, ("reason", reason)))


_READERS: tuple[tuple[str, Reader], ...] = tuple(
    zip(
        METRICS,
        (_utilization, _memory_usage, _memory_utilization, _temperature, _power, _clock, _throttled),
        strict=True,
    )
)
