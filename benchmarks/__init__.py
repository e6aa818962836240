"""What the library costs beside its peers, measured side by side in one run: `python -m benchmarks --help`."""
