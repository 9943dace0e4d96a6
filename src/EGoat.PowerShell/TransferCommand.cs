using System.Management.Automation;
using EGoat.Mesh;

namespace EGoat.PowerShell;

/// <summary>A command for transfers that are under way.</summary>
public abstract class TransferCommand : EGoatCmdlet
{
    private readonly HashSet<string> _done = [];

    /// <summary>The transfer's id; all its files are meant.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(TransferCompleter))]
    public string[] Id { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        // A pipeline of transfers names one id for each of its files.
        foreach (string id in Id.Where(_done.Add))
        {
            Room? room = GetNode().Rooms.FirstOrDefault(r => r.Transfers.Any(t => t.Id == id && !t.IsEnded));
            if (room is null)
            {
                WriteError(new ErrorRecord(new ItemNotFoundException($"No transfer '{id}' is under way. Get-EGoatTransfer lists those that are."), "TransferNotFound", ErrorCategory.ObjectNotFound, id));
                continue;
            }

            if (ShouldProcess(room.Transfers.First(t => t.Id == id).Name, Action))
            {
                Await(Task.Run(() => Carry(room, id)), id);
            }
        }
    }

    /// <summary>What is done, for people.</summary>
    private protected abstract string Action { get; }

    /// <summary>Does it.</summary>
    private protected abstract void Carry(Room room, string id);
}
