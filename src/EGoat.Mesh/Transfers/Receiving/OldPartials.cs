namespace EGoat.Mesh.Transfers;

/// <summary>Removes what is left of transfers that nobody has gone on with for a long time.</summary>
internal static class OldPartials
{
    /// <summary>Files and folders that are looked at: a folder may hold a whole home.</summary>
    private const int MaxEntries = 200_000;

    /// <summary>Removes partial files below a folder that were last written before a time. What cannot be looked at or is in use stays.</summary>
    public static void Remove(string folder, DateTimeOffset before)
    {
        var all = new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = WirePath.MaxDepth, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true };
        try
        {
            foreach (FileInfo file in new DirectoryInfo(folder).EnumerateFileSystemInfos("*", all).Take(MaxEntries).OfType<FileInfo>())
            {
                if (WirePath.IsPartial(file.Name) && file.LastWriteTimeUtc < before.UtcDateTime)
                {
                    TryRemove(file);
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The folder has gone, or part of it: there is nothing to remove.
        }
    }

    private static void TryRemove(FileInfo file)
    {
        try
        {
            // Whoever receives into it has it open for itself.
            using (File.OpenHandle(file.FullName, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
            {
            }

            file.Delete();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is in use, or somebody else's.
        }
    }
}
