using System.Text;

namespace EGoat.Node;

/// <summary>
/// What somebody has chosen once instead of saying it each time: <c>egoat.conf</c> in the data folder, lines of <c>key = value</c>,
/// with environment variables above it.
/// </summary>
public sealed class NodeConfiguration
{
    /// <summary>The file's name.</summary>
    public const string FileName = "egoat.conf";

    private readonly Func<string, string?> _getVariable;
    private readonly Dictionary<string, string> _values = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Lines of the file as they are: comments and unknown keys stay when it is written.</summary>
    private readonly List<string> _lines = [];

    private NodeConfiguration(string path, Func<string, string?> getVariable)
    {
        Path = path;
        _getVariable = getVariable;
    }

    /// <summary>All keys, with what they mean.</summary>
    public static IReadOnlyList<(string Key, string Variable, string Meaning)> Keys { get; } =
    [
        ("server", "EGOAT_SERVER", "the signaling server's URL"),
        ("room", "EGOAT_ROOM", "the room"),
        ("name", "EGOAT_NAME", "the name that others see"),
        ("output", "EGOAT_OUTPUT", "the folder that received files go to"),
        ("timeout", "EGOAT_TIMEOUT", "the longest time without progress, in seconds"),
    ];

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Reads the configuration of a data folder; one without a file is empty.</summary>
    /// <param name="folder">The data folder; null for the default one.</param>
    /// <exception cref="NodeException">The file cannot be read, or a line of it is no <c>key = value</c>.</exception>
    public static NodeConfiguration Read(string? folder) => Read(folder, Environment.GetEnvironmentVariable);

    internal static NodeConfiguration Read(string? folder, Func<string, string?> getVariable)
    {
        string path = System.IO.Path.Combine(System.IO.Path.GetFullPath(folder ?? EGoatNode.DefaultDataFolder()), FileName);
        var configuration = new NodeConfiguration(path, getVariable);
        try
        {
            if (File.Exists(path))
            {
                configuration.Parse(File.ReadAllLines(path));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new NodeException($"The configuration '{path}' cannot be read: {e.Message}", e);
        }

        return configuration;
    }

    /// <summary>A value, and where it comes from; null when it is set nowhere.</summary>
    /// <param name="key">One of <see cref="Keys"/>.</param>
    /// <exception cref="NodeException">There is no such key.</exception>
    public (string Value, string Source)? Find(string key)
    {
        string variable = Check(key);
        return _getVariable(variable) is { Length: > 0 } value ? (value, variable)
            : _values.TryGetValue(key, out string? stored) ? (stored, Path)
            : null;
    }

    /// <summary>Writes a value into the file, or takes it out.</summary>
    /// <param name="key">One of <see cref="Keys"/>.</param>
    /// <param name="value">The value; null takes it out.</param>
    /// <exception cref="NodeException">There is no such key, the value has several lines, or the file cannot be written.</exception>
    public void Set(string key, string? value)
    {
        Check(key);
        if (value is not null && (value.Trim().Length == 0 || value.Any(char.IsControl)))
        {
            throw new NodeException("A value is one line, and not empty. 'egoat config KEY --unset' takes one out.");
        }

        int at = _lines.FindIndex(l => TryParse(l, out string k, out _) && k.Equals(key, StringComparison.OrdinalIgnoreCase));
        string line = $"{key.ToLowerInvariant()} = {value?.Trim()}";
        if (at >= 0)
        {
            _lines.RemoveAt(at);
        }

        if (value is null)
        {
            _values.Remove(key);
        }
        else
        {
            _lines.Insert(at >= 0 ? at : _lines.Count, line);
            _values[key] = value.Trim();
        }

        Write();
    }

    private static string Check(string key) => Keys.FirstOrDefault(k => k.Key.Equals(key, StringComparison.OrdinalIgnoreCase)).Variable
        ?? throw new NodeException($"There is no key '{key}'. The keys are {string.Join(", ", Keys.Select(k => k.Key))}.");

    private static bool TryParse(string line, out string key, out string value)
    {
        int equals = line.IndexOf('=', StringComparison.Ordinal);
        bool isPair = equals > 0 && !line.TrimStart().StartsWith('#');
        key = isPair ? line[..equals].Trim() : "";
        value = isPair ? line[(equals + 1)..].Trim() : "";
        return isPair;
    }

    private void Parse(string[] lines)
    {
        _lines.AddRange(lines);
        for (int i = 0; i < lines.Length; i++)
        {
            if (TryParse(lines[i], out string key, out string value))
            {
                _values[key] = value;
            }
            else if (lines[i].Trim() is { Length: > 0 } text && text[0] != '#')
            {
                throw new NodeException($"Line {i + 1} of '{Path}' is not 'key = value': {text}");
            }
        }
    }

    // Whole or not at all, and for its owner only: a URL may hold a password.
    private void Write()
    {
        string temporary = $"{Path}.{Guid.NewGuid():N}";
        try
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path)!);
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            using (var file = new StreamWriter(temporary, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), options))
            {
                _lines.ForEach(file.WriteLine);
            }

            File.Move(temporary, Path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new NodeException($"The configuration '{Path}' cannot be written: {e.Message}", e);
        }
    }
}
