using EGoat.Terminal;

namespace EGoat.Cli;

/// <summary>
/// What has become of the files that were offered to this side: each by its sender and name, as its last attempt has ended. A file
/// that came in the end is there, however often it failed before.
/// </summary>
internal sealed class ReceivedFiles
{
    private readonly HashSet<(string Id, string Name)> _running = [];

    /// <summary>Files that have not come, in the order in which they failed first.</summary>
    private readonly OrderedDictionary<(string Identity, string Name), EGoatTransfer> _missing = [];

    /// <summary>Files that are there, verified.</summary>
    public int Completed { get; private set; }

    /// <summary>Whether a file is under way.</summary>
    public bool IsRunning => _running.Count > 0;

    /// <summary>A transfer as it is now.</summary>
    public void Note(EGoatTransfer transfer)
    {
        if (transfer.Direction != EGoatDirection.Received)
        {
            return;
        }

        if (!transfer.IsEnded)
        {
            _running.Add((transfer.Id, transfer.Name));
            return;
        }

        _running.Remove((transfer.Id, transfer.Name));
        if (transfer.State == EGoatTransferState.Completed)
        {
            Completed++;
            _missing.Remove((transfer.PeerIdentity, transfer.Name));
        }
        else if (transfer.State != EGoatTransferState.Rejected)
        {
            _missing[(transfer.PeerIdentity, transfer.Name)] = transfer;
        }
    }

    /// <summary>What the program returns.</summary>
    /// <param name="wanted">The number of files that it was to receive.</param>
    /// <param name="timeout">How long it has waited for them.</param>
    /// <exception cref="CommandException">Not all that was wanted, or offered, is there.</exception>
    public int Judge(int wanted, TimeSpan timeout)
    {
        string first = _missing.Count > 0 ? TransferLine.Describe(_missing.GetAt(0).Value) : "";
        return _missing.Count == 0 && Completed >= wanted ? ExitCode.Done
            : _missing.Count == 0 ? throw new CommandException(ExitCode.NobodyCame, $"Only {Completed} of {wanted} files came: nothing moved for {timeout.TotalSeconds:F0} s. Is 'egoat send' running there with the same --server and --room?")
            : Completed == 0 ? throw new CommandException(ExitCode.Failed, $"Only 0 of {wanted} files came. {first}")
            : throw new CommandException(ExitCode.Incomplete, $"{DisplayText.Count(Completed, "file")} came, and {DisplayText.Count(_missing.Count, "file")} did not. {first}");
    }
}
