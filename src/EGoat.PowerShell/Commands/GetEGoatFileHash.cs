using System.Management.Automation;
using EGoat.Mesh;

namespace EGoat.PowerShell.Commands;

/// <summary>Computes the hash of files that transfers show as TreeHash. It is not the output of sha256sum.</summary>
/// <example>
/// <code>
/// Get-EGoatFileHash ./goat.iso
/// </code>
/// The hash of a file.
/// </example>
/// <example>
/// <code>
/// Get-ChildItem *.iso | Get-EGoatFileHash
/// </code>
/// The hashes of several files.
/// </example>
/// <example>
/// <code>
/// Get-EGoatTransfer -State Completed | Where-Object { (Get-EGoatFileHash -LiteralPath $_.Path).Hash -ne $_.TreeHash }
/// </code>
/// Files that have changed since they were sent or received.
/// </example>
[Cmdlet(VerbsCommon.Get, "EGoatFileHash", DefaultParameterSetName = "Path")]
[OutputType(typeof(EGoatFileHash))]
public sealed class GetEGoatFileHash : EGoatCmdlet
{
    /// <summary>Files; wildcards are resolved.</summary>
    [Parameter(Position = 0, ParameterSetName = "Path")]
    [SupportsWildcards]
    public string[]? Path { get; set; }

    /// <summary>Files as they stand.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "LiteralPath")]
    [Alias("PSPath", "LP", "FullName")]
    public string[]? LiteralPath { get; set; }

    /// <summary>Files, paths, transfers, or objects with a property LiteralPath, PSPath, FullName or Path.</summary>
    [Parameter(ValueFromPipeline = true)]
    public PSObject? InputObject { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var paths = new SourcePaths(this, recurse: false);
        IEnumerable<string> files = InputObject is not null ? paths.Resolve(InputObject)
            : (Path ?? []).SelectMany(p => paths.Resolve(p, isLiteralFirst: false)).Concat((LiteralPath ?? []).SelectMany(paths.ResolveLiteral));
        foreach (string file in files)
        {
            try
            {
                WriteObject(new EGoatFileHash { Path = file, Hash = WaitFor(TreeHash.ComputeAsync(file, StopToken)) });
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                WriteError(new ErrorRecord(e, "FileUnreadable", ErrorCategory.ReadError, file));
            }
        }
    }
}
