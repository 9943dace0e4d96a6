namespace EGoat.Mesh.Transfers;

/// <summary>Ends a transfer with a reason that is told to people on both sides.</summary>
internal sealed class TransferException(string message, EGoatTransferState state = EGoatTransferState.Failed) : Exception(message)
{
    public EGoatTransferState State { get; } = state;
}
