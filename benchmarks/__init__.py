"""What the library costs beside its peers, measured side by side: `python -m benchmarks --help`."""
