"""The statistics that figures stand on: pure functions from sums, histograms and risk tables to estimates with intervals."""
