namespace EGoat.Mesh.Transfers;

/// <summary>Ends a transfer with a reason that is told to people on both sides.</summary>
internal sealed class TransferException(string message, EGoatTransferState state = EGoatTransferState.Failed) : Exception(message)
{
    /// <summary>What the system says, which names files: their names may be a peer's choice.</summary>
    public static TransferException From(Exception e) => new(VisibleText.Line(ReceiveFolder.WithoutHandles(e.Message)));

    public EGoatTransferState State { get; } = state;
}
