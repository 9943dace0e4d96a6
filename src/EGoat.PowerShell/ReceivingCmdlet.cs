using System.Management.Automation;
using EGoat.Mesh;

namespace EGoat.PowerShell;

/// <summary>What commands share that accept files by rules.</summary>
public abstract class ReceivingCmdlet : EGoatCmdlet
{
    /// <summary>Only from members of these names, peer ids or identities. A name can be taken by anybody, an identity cannot.</summary>
    [Parameter]
    [PeerArgument]
    [ArgumentCompleter(typeof(PeerCompleter))]
    public string[] From { get; set; } = [];

    /// <summary>Only files of these patterns, as <c>*.log</c> or <c>logs/2026*</c>.</summary>
    [Parameter]
    [SupportsWildcards]
    public string[] Include { get; set; } = [];

    /// <summary>No files and folders of these patterns.</summary>
    [Parameter]
    [SupportsWildcards]
    public string[] Exclude { get; set; } = [];

    /// <summary>The longest file, as <c>500MB</c>.</summary>
    [Parameter]
    [ValidateRange(0, long.MaxValue)]
    public long? MaxLength { get; set; }

    /// <summary>The most bytes that are written in all, as <c>20GB</c>.</summary>
    [Parameter]
    [ValidateRange(0, long.MaxValue)]
    public long? MaxTotalLength { get; set; }

    /// <summary>The most bytes per second, all senders together, as <c>10MB</c>.</summary>
    [Parameter]
    [ValidateRange(1, long.MaxValue)]
    public long? MaxRate { get; set; }

    /// <summary>How many transfers run at once; the next waits for its turn.</summary>
    [Parameter]
    [ValidateRange(1, 1000)]
    public int MaxParallel { get; set; } = ReceiveOptions.DefaultMaxParallel;

    /// <summary>What happens to a file that is there already; an identical one counts as delivered.</summary>
    [Parameter]
    [ValidateSet("Rename", "Skip", "Overwrite", "Fail")]
    public string Existing { get; set; } = "Rename";

    /// <summary>The same as -Existing Overwrite.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>The rules, for a folder.</summary>
    private protected ReceiveOptions CreateRules(string destination) => new()
    {
        Destination = GetFolder(destination),
        From = From,
        Include = Include,
        Exclude = Exclude,
        MaxLength = MaxLength,
        MaxTotalLength = MaxTotalLength,
        MaxRate = MaxRate,
        MaxParallel = MaxParallel,
        Existing = Force ? ExistingFile.Overwrite : Enum.Parse<ExistingFile>(Existing, ignoreCase: true),
    };
}
