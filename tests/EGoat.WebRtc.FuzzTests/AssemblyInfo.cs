// One after another: memory is measured, and a run is to fit one core.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
