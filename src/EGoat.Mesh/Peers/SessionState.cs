namespace EGoat.Mesh.Peers;

/// <summary>The state of a <see cref="PeerSession"/>. It changes only by the named transitions, each of which knows where it may come from.</summary>
/// <remarks>
/// <code>
/// Connecting --Greet--> Connected --FallSilent--> Silent
///     |                  |   ^                     |  |
///     |                  |   +----Greet, Recover---+  |
///     +--------End-------+-----------End--------------+--> Ended
/// </code>
/// </remarks>
internal sealed class SessionState
{
    private State _state = State.Connecting;

    private enum State
    {
        /// <summary>Introduced; the peer's hello has not come.</summary>
        Connecting,

        /// <summary>The peer has said hello, and is heard.</summary>
        Connected,

        /// <summary>The peer has said hello, and has not been heard for a while.</summary>
        Silent,

        /// <summary>The connection has ended.</summary>
        Ended,
    }

    public bool IsConnecting => _state == State.Connecting;

    public bool IsConnected => _state == State.Connected;

    public bool IsSilent => _state == State.Silent;

    public bool IsEnded => _state == State.Ended;

    /// <summary>The peer has said hello for the first time, or is heard again by it.</summary>
    public void Greet() => Change(State.Connected, _state is State.Connecting or State.Silent);

    /// <summary>Nothing is heard from the peer.</summary>
    public void FallSilent() => Change(State.Silent, _state is State.Connected);

    /// <summary>The peer is heard again.</summary>
    public void Recover() => Change(State.Connected, _state is State.Silent);

    /// <summary>The connection has ended, for whatever reason.</summary>
    public void End() => Change(State.Ended, _state is not State.Ended);

    public override string ToString() => _state.ToString();

    private void Change(State next, bool isAllowed)
    {
        if (!isAllowed)
        {
            throw new InvalidOperationException($"A session that is {_state} cannot become {next}.");
        }

        _state = next;
    }
}
