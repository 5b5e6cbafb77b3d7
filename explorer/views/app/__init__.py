"""The interactive screen: the user changes a workload, and the answer is updated."""
