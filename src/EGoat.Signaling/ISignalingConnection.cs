namespace EGoat.Signaling;

/// <summary>A client's socket.</summary>
internal interface ISignalingConnection : IMessageSocket, IDisposable
{
    /// <summary>Whether the address of this machine that the socket stands on is no longer one of its own.</summary>
    bool HasLostAddress { get; }
}
