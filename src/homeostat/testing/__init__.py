"""What tests and trials stand on: contract suites, fakes, simulated workloads whose faults can be set."""
