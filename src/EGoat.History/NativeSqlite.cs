using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace EGoat.History;

/// <summary>What the managed wrapper of SQLite does not offer.</summary>
internal static partial class NativeSqlite
{
    /// <summary>The library's name, which every host resolves.</summary>
    public const string Library = "e_sqlite3";

    private const int FileControlHasMoved = 20;

    /// <summary>Whether the open file is no longer at its path: removed, renamed or replaced. Costs one stat.</summary>
    public static bool HasMoved(SqliteConnection connection) =>
        FileControl(connection.Handle!, "main", FileControlHasMoved, out int moved) == raw.SQLITE_OK && moved != 0;

    [LibraryImport(Library, EntryPoint = "sqlite3_file_control", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory | DllImportSearchPath.SafeDirectories)]
    private static partial int FileControl(sqlite3 database, string schema, int operation, out int value);
}
