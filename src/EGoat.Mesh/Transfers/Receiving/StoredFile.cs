namespace EGoat.Mesh.Transfers;

/// <summary>A received file in its place.</summary>
/// <param name="Path">Its full path; empty for what went to a stream.</param>
/// <param name="Warning">What of it is not as the sender tells; null when nothing is.</param>
internal readonly record struct StoredFile(string Path, string? Warning = null);
