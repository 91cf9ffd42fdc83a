"""The simulated application keeps the contract of a plant."""

from homeostat.testing.plant_contract import PlantContract, Works
from homeostat.testing.simulated_application.application import SimulatedApplication
from homeostat.testing.simulated_application.scenario_file import read_scenario

TEXT = """
story = "A test."
hours = 2
objective = [{ measure = "p95(duration)" }]
limits = [{ measure = "p95(duration)", times_healthy = 1.5 }]
[parameters]
load_per_s = 10
[[knob]]
name = "model"
kind = "choices"
default = "large"
scope = "request"
[knob.choices]
large = { decode_ms_per_token = 6 }
small = { decode_ms_per_token = 2, loss_model = 0.1 }
[[knob]]
name = "workers"
kind = "integers"
low = 4
high = 40
default = 24
"""


class TestSimulatedApplication(PlantContract):
    def works(self) -> Works:
        plant = SimulatedApplication(read_scenario(TEXT, "test"), 3)
        return Works(plant, lambda count: plant.advance(count / 10))
