using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace EGoat.History;

/// <summary>
/// The file on disk: makes it for its owner only, opens connections to it that trust nothing in it, and says in words of people
/// what is wrong with it. Knows nothing of what is in its tables.
/// </summary>
internal sealed class HistoryFile
{
    private readonly HistoryOptions _options;
    private readonly Lock _warnGate = new();

    public HistoryFile(string path, HistoryOptions options)
    {
        Path = System.IO.Path.GetFullPath(path);
        LogPath = Path + "-wal";
        Time = options.Time ?? TimeProvider.System;
        _options = options;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>SQLite's write-ahead log beside it.</summary>
    public string LogPath { get; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; }

    /// <summary>Tells people something that does not stop the history.</summary>
    public void Warn(string text)
    {
        lock (_warnGate)
        {
            _options.Warn?.Invoke(text);
        }
    }

    /// <summary>Opens the file for the writer; makes it if it is not there, and brings it up to date.</summary>
    /// <exception cref="HistoryException">It cannot be opened, is damaged, or comes from a later version.</exception>
    public SqliteConnection OpenForWriting()
    {
        SqliteConnection? connection = null;
        try
        {
            SqliteLibrary.Prepare();
            CreateForOwner();
            if (LogGeneration.SetStrangerAside(Path, LogPath) is { } aside)
            {
                Warn($"The log beside '{Path}' belongs to another copy of the history; it was moved to '{aside}'.");
            }

            connection = Open("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
            Schema.Migrate(connection, Path);
            LogGeneration.Enter(Path);
            return connection;
        }
        catch (Exception e) when (e is not HistoryException)
        {
            connection?.Dispose();
            throw Explain(e);
        }
        catch
        {
            connection?.Dispose();
            throw;
        }
    }

    /// <summary>Closes what <see cref="OpenForWriting"/> opened.</summary>
    public void Close(SqliteConnection connection)
    {
        connection.Dispose();
        LogGeneration.Leave(Path);
    }

    /// <summary>Opens the file for queries, each of which has a limit.</summary>
    /// <exception cref="HistoryException">It cannot be opened.</exception>
    public (SqliteConnection Connection, QueryLimit Limit) OpenForReading(CancellationToken cancellationToken)
    {
        SqliteConnection? connection = null;
        try
        {
            connection = Open("PRAGMA query_only = ON");
            return (connection, QueryLimit.Attach(connection, Time, _options.QueryTimeout, cancellationToken));
        }
        catch (Exception e)
        {
            connection?.Dispose();
            throw Explain(e);
        }
    }

    /// <summary>The length of the write-ahead log in bytes; 0 if there is none.</summary>
    public long GetLogLength()
    {
        var log = new FileInfo(LogPath);
        return log.Exists ? log.Length : 0;
    }

    /// <summary>Brings everything from the log into the file and empties it. False if somebody else is using the log.</summary>
    public bool TryEmptyLog(SqliteConnection connection)
    {
        try
        {
            connection.Execute("PRAGMA busy_timeout = 0");
            return connection.GetNumber("PRAGMA wal_checkpoint(TRUNCATE)") == 0;
        }
        catch (SqliteException)
        {
            return false; // the disk is full, or the file is gone: what was committed is in the log
        }
        finally
        {
            connection.Execute($"PRAGMA busy_timeout = {(int)_options.LockTimeout.TotalMilliseconds}");
        }
    }

    /// <summary>What an exception means for the history.</summary>
    public HistoryException Explain(Exception e) => e switch
    {
        HistoryException known => known,
        SqliteException { SqliteErrorCode: raw.SQLITE_NOTADB or raw.SQLITE_CORRUPT } or InvalidCastException or InvalidOperationException or FormatException or OverflowException or ArgumentException => new(
            HistoryFailure.Damaged,
            $"The history '{Path}' is damaged or not a database. Restore a copy, or move it away (a new one is made); 'sqlite3 {System.IO.Path.GetFileName(Path)} .recover | sqlite3 saved.db' saves what can be read.",
            e),
        SqliteException { SqliteErrorCode: raw.SQLITE_BUSY or raw.SQLITE_LOCKED } => new(
            HistoryFailure.Locked, $"The history '{Path}' is locked by another program.", e),
        SqliteException { SqliteErrorCode: raw.SQLITE_FULL } => new(
            HistoryFailure.Full, $"The disk of the history '{Path}' is full. Make room.", e),
        SqliteException { SqliteErrorCode: raw.SQLITE_INTERRUPT } => new(
            HistoryFailure.TooLong, $"Looking through the history '{Path}' took longer than {_options.QueryTimeout.TotalSeconds:0} s. Look for less at once.", e),
        SqliteException { SqliteErrorCode: raw.SQLITE_CANTOPEN or raw.SQLITE_READONLY or raw.SQLITE_PERM or raw.SQLITE_IOERR } or IOException or UnauthorizedAccessException => new(
            HistoryFailure.Unavailable,
            $"The history '{Path}' cannot be opened for writing. Choose another folder with --data, or mend its permissions.",
            e),
        _ => new HistoryException(HistoryFailure.Other, $"The history '{Path}' cannot be used: {e.Message}", e),
    };

    // SQLite gives its log and its index the mode of the database, so that it is the database that must be made right.
    private void CreateForOwner()
    {
        OwnerOnly.CreateFolder(System.IO.Path.GetDirectoryName(Path)!);
        if (!File.Exists(Path))
        {
            try
            {
                OwnerOnly.CreateFile(Path).Dispose();
                return;
            }
            catch (IOException) when (File.Exists(Path))
            {
                // Another process was first.
            }
        }

        foreach (string file in (string[])[Path, LogPath, Path + "-shm"])
        {
            if (File.Exists(file) && OwnerOnly.IsOpenToOthers(file))
            {
                Warn(OwnerOnly.TryClose(file)
                    ? $"Other users could read or change '{file}'; now only its owner can."
                    : $"Other users can read or change '{file}', and it is not yours to change that.");
            }
        }
    }

    private SqliteConnection Open(string pragmas)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = Path,
            Mode = SqliteOpenMode.ReadWrite,
            DefaultTimeout = Math.Max(1, (int)_options.LockTimeout.TotalSeconds),
            Pooling = false,
        }.ToString());
        try
        {
            connection.Open();
            raw.sqlite3_db_config(connection.Handle!, raw.SQLITE_DBCONFIG_DEFENSIVE, 1, out _);
            raw.sqlite3_db_config(connection.Handle!, raw.SQLITE_DBCONFIG_ENABLE_VIEW, 0, out _);
            connection.Execute($"PRAGMA busy_timeout = {(int)_options.LockTimeout.TotalMilliseconds}; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY; {pragmas}");
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }
}
