using System.Reflection;
using System.Runtime.InteropServices;
using SQLitePCL;

namespace EGoat.History;

/// <summary>Where the native library of SQLite comes from, when the runtime does not find it by itself.</summary>
public static class SqliteLibrary
{
    private static readonly Lock Gate = new();
    private static Func<nint>? _load;
    private static nint _library;

    /// <summary>Loads the library with a function, when the first history is opened.</summary>
    /// <param name="load">Returns the handle of the library, or throws.</param>
    public static void LoadWith(Func<nint> load)
    {
        ArgumentNullException.ThrowIfNull(load);
        lock (Gate)
        {
            _load = load;
        }
    }

    /// <summary>Before the first call of the library.</summary>
    internal static void Prepare()
    {
        lock (Gate)
        {
            if (_load is null || _library != 0)
            {
                return;
            }

            _library = _load();
            NativeLibrary.SetDllImportResolver(typeof(SqliteLibrary).Assembly, Resolve);
            NativeLibrary.SetDllImportResolver(typeof(SQLite3Provider_e_sqlite3).Assembly, Resolve);
        }
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? searchPath) => name == NativeSqlite.Library ? _library : 0;
}
