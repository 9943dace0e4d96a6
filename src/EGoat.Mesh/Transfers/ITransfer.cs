using EGoat.Mesh.Peers;
using EGoat.Mesh.Protocol;

namespace EGoat.Mesh.Transfers;

/// <summary>Files on their way to or from one member, whichever.</summary>
internal interface ITransfer
{
    /// <summary>The id that users know.</summary>
    string Id { get; }

    /// <summary>The id in the messages of the connection of the moment; null while there is none.</summary>
    string? WireId { get; }

    /// <summary>The member at the other end; null while there is none.</summary>
    Peer? Peer { get; }

    /// <summary>Whether it is paused, by which side.</summary>
    PauseGate Pause { get; }

    /// <summary>The files that are on their way.</summary>
    IReadOnlyList<TransferProgress> Running { get; }

    /// <summary>This side gives it up.</summary>
    void Cancel();

    /// <summary>The other side has said something about it.</summary>
    void Handle(ControlMessage message);

    /// <summary>It was paused or resumed, by either side.</summary>
    void HandlePause();
}
