using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace EGoat.History;

/// <summary>
/// Tells whether a write-ahead log belongs to the file beside it. SQLite itself would apply an old log to a copy of the history
/// that was put in its place later. The header of the database counts its logs (<c>application_id</c>, beginning anywhere): the first
/// transaction of each log raises the number, so that a log holds the number of its file, or the one after it.
/// </summary>
internal static class LogGeneration
{
    // The file format of SQLite's databases and logs: https://sqlite.org/fileformat2.html
    private const int HeaderLength = 100;
    private const int ApplicationIdOffset = 68;
    private const int LogHeaderLength = 32;
    private const int LogSaltOffset = 16;
    private const int FrameHeaderLength = 24;
    private const int FrameSaltOffset = 8;
    private const int SaltLength = 8;
    private const uint LogMagic = 0x377F0682; // its last bit says in which byte order the checksums are

    /// <summary>The files that this process has open: looking at one would end SQLite's locks on it.</summary>
    private static readonly Dictionary<string, int> OpenFiles = [];

    /// <summary>Notes that this process opens a file.</summary>
    public static void Enter(string path)
    {
        lock (OpenFiles)
        {
            OpenFiles[path] = OpenFiles.GetValueOrDefault(path) + 1;
        }
    }

    /// <summary>Notes that this process has closed a file.</summary>
    public static void Leave(string path)
    {
        lock (OpenFiles)
        {
            if (--OpenFiles[path] == 0)
            {
                OpenFiles.Remove(path);
            }
        }
    }

    /// <summary>Raises the number, within the first transaction of a log.</summary>
    public static void Advance(SqliteConnection connection)
    {
        int present = (int)connection.GetNumber("PRAGMA application_id");
        int next = present == 0 ? RandomNumberGenerator.GetInt32(1, int.MaxValue) : unchecked(present + 1);
        connection.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA application_id = {next}"));
    }

    /// <summary>Renames a log that does not belong to the file beside it.</summary>
    /// <returns>Its new path; null if there was nothing to do, or another program has the file open.</returns>
    public static string? SetStrangerAside(string path, string logPath)
    {
        lock (OpenFiles)
        {
            // The file is read without a lock. While it is the same log before and after, what was read was right.
            if (OpenFiles.ContainsKey(path) || Log.Read(logPath) is not { } before || ReadNumber(path) is not { } number || before.Fits(number))
            {
                return null;
            }

            using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadWrite, Pooling = false, DefaultTimeout = 1 }.ToString());
            connection.Open();
            raw.sqlite3_db_config(connection.Handle!, raw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, out _);
            if (!TryLock(connection) || Log.Read(logPath) is not { } log || log.Salt != before.Salt || log.Fits(number))
            {
                return null;
            }

            string aside = string.Create(CultureInfo.InvariantCulture, $"{logPath}.{log.Salt:x16}.old");
            File.Move(logPath, aside, overwrite: true);
            return aside;
        }
    }

    // Nobody else has the file open while this connection lives.
    private static bool TryLock(SqliteConnection connection)
    {
        connection.Execute("PRAGMA busy_timeout = 0");
        connection.Execute("PRAGMA locking_mode = EXCLUSIVE");
        try
        {
            connection.GetNumber("SELECT count(*) FROM sqlite_schema");
        }
        catch (SqliteException e) when (e.SqliteErrorCode is raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB or raw.SQLITE_ERROR)
        {
            // With a stranger's log over it the file makes no sense. It is locked all the same.
        }
        catch (SqliteException)
        {
            return false;
        }

        return true;
    }

    private static int? ReadNumber(string path)
    {
        Span<byte> header = stackalloc byte[HeaderLength];
        using FileStream file = OpenShared(path);
        return file.ReadAtLeast(header, HeaderLength, throwOnEndOfStream: false) < HeaderLength ? null : BinaryPrimitives.ReadInt32BigEndian(header[ApplicationIdOffset..]);
    }

    private static FileStream OpenShared(string path) => new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1);

    /// <summary>A log: the salt that its frames share, and the number that it writes into the header of the database.</summary>
    private readonly record struct Log(ulong Salt, int Number)
    {
        // The number is the file's own when what wrote the log was not E-Goat, or when the log has been applied already. A file
        // without one is so new that nothing has been applied to it.
        public bool Fits(int number) => number == 0 || Number == number || Number == unchecked(number + 1);

        /// <summary>Null: there is none, it is empty, or it leaves the header alone.</summary>
        public static Log? Read(string path)
        {
            if (!File.Exists(path))
            {
                return null;
            }

            using FileStream file = OpenShared(path);
            Span<byte> header = stackalloc byte[LogHeaderLength];
            if (file.ReadAtLeast(header, LogHeaderLength, throwOnEndOfStream: false) < LogHeaderLength
                || (BinaryPrimitives.ReadUInt32BigEndian(header) & ~1u) != LogMagic)
            {
                return null;
            }

            int pageSize = BinaryPrimitives.ReadInt32BigEndian(header[8..]);
            ReadOnlySpan<byte> salt = header.Slice(LogSaltOffset, SaltLength);
            Span<byte> frame = stackalloc byte[FrameHeaderLength + HeaderLength];
            while (pageSize >= 512 && file.ReadAtLeast(frame, frame.Length, throwOnEndOfStream: false) == frame.Length && frame.Slice(FrameSaltOffset, SaltLength).SequenceEqual(salt))
            {
                if (BinaryPrimitives.ReadUInt32BigEndian(frame) == 1)
                {
                    return new Log(BinaryPrimitives.ReadUInt64BigEndian(salt), BinaryPrimitives.ReadInt32BigEndian(frame[(FrameHeaderLength + ApplicationIdOffset)..]));
                }

                file.Seek(pageSize - HeaderLength, SeekOrigin.Current);
            }

            return null;
        }
    }
}
