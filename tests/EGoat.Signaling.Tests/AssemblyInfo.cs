[assembly: CollectionBehavior(DisableTestParallelization = true)] // Virtual time waits for the whole process.
