using Microsoft.Data.Sqlite;

namespace EGoat.History;

/// <summary>Makes a consistent copy of a history while it is in use, complete in one file.</summary>
internal static class HistoryCopy
{
    /// <exception cref="IOException">It is there and must not be overwritten, or its folder cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">Its folder cannot be written.</exception>
    /// <exception cref="SqliteException">The history cannot be read, or the disk is full.</exception>
    public static void Save(SqliteConnection connection, string path, bool overwrite)
    {
        if (!overwrite && File.Exists(path))
        {
            throw new IOException($"The file '{path}' is there already.");
        }

        // Whoever finds it under its own name finds all of it.
        string temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            OwnerOnly.CreateFile(temporary).Dispose();
            connection.Execute("VACUUM INTO $path", ("$path", temporary));
            using (var file = new FileStream(temporary, FileMode.Open, FileAccess.ReadWrite))
            {
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite);
        }
        finally
        {
            File.Delete(temporary);
        }
    }
}
