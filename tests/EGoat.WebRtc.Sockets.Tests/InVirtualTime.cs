namespace EGoat.WebRtc.Sockets.Tests;

/// <summary>Tests in virtual time run alone: time advances only while the process is quiet.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class InVirtualTime
{
    public const string Name = "Virtual time";
}
