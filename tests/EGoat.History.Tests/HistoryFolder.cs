using System.Diagnostics;
using Microsoft.Data.Sqlite;

namespace EGoat.History.Tests;

/// <summary>A temporary folder with a history in it, and messages to put there.</summary>
internal sealed class HistoryFolder : IDisposable
{
    public static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly List<string> _warnings = [];

    public string Path { get; } = Directory.CreateTempSubdirectory("egoat-history-").FullName;

    public string Database => Sub("chat.db");

    public IReadOnlyList<string> Warnings
    {
        get
        {
            lock (_warnings)
            {
                return [.. _warnings];
            }
        }
    }

    public HistoryOptions Options => new() { Warn = Warn, LockTimeout = TimeSpan.FromMilliseconds(200) };

    public static EGoatMessage Message(string id) => new()
    {
        Id = id, Room = "lobby", From = "ada", FromIdentity = "id-ada", Text = $"text {id}", SentAt = Noon, ReceivedAt = Noon, Direction = EGoatDirection.Sent,
    };

    public string Sub(string name) => System.IO.Path.Combine(Path, name);

    public HistoryStore Open(TimeProvider? time = null) => HistoryStore.Open(Database, Options with { Time = time });

    /// <summary>A connection of another program.</summary>
    public SqliteConnection Connect(string? path = null)
    {
        var connection = new SqliteConnection($"Data Source={path ?? Database};Pooling=False;Default Timeout=5");
        connection.Open();
        return connection;
    }

    /// <summary>Runs statements as another program, on a history that nobody has open.</summary>
    public void Execute(string sql)
    {
        using SqliteConnection connection = Connect();
        connection.Execute(sql);
    }

    public string Shell(string path, string sql)
    {
        using Process shell = Process.Start(new ProcessStartInfo("sqlite3", [path, sql]) { RedirectStandardOutput = true, WorkingDirectory = Path })!;
        string output = shell.StandardOutput.ReadToEnd();
        shell.WaitForExit();
        return output.Trim();
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);

    private void Warn(string text)
    {
        lock (_warnings)
        {
            _warnings.Add(text);
        }
    }
}
