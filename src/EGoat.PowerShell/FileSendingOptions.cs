using EGoat.Mesh;

namespace EGoat.PowerShell;

/// <summary>What one call of Send-EGoatFile sends, and to whom.</summary>
/// <param name="Files">What is sent.</param>
/// <param name="To">Names with wildcards, peer ids or identities; none means everybody who accepts files.</param>
/// <param name="Timeout">How long who is named, or just connecting, is waited for.</param>
/// <param name="AllowNoReceiver">With nobody to send to nothing is sent, and that is no error.</param>
internal sealed record FileSendingOptions(SendFileOptions Files, IReadOnlyList<string> To, TimeSpan Timeout, bool AllowNoReceiver);
