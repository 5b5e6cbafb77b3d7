"""The widgets: one screen on which a workload is turned and the answer follows."""
