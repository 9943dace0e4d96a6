namespace EGoat.WebRtc.Ice;

/// <summary>What an <see cref="IceAgent"/> reports.</summary>
internal enum IceEventType
{
    /// <summary><see cref="IceAgent.State"/> changed.</summary>
    StateChanged,

    /// <summary>Data now goes over another pair.</summary>
    SelectedPairChanged,
}

/// <summary>An event of an <see cref="IceAgent"/>, with the state it had then.</summary>
internal readonly record struct IceEvent(IceEventType Type, IceConnectionState State);
