using System.Runtime.Versioning;

namespace EGoat.Node.Tests;

/// <summary>What an installation keeps is its owner's alone.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class AtRestTests : IDisposable
{
    private const UnixFileMode OfAll = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    private readonly string _root = Directory.CreateTempSubdirectory("egoat-test-").FullName;
    private readonly List<string> _warnings = [];

    private string Data => Path.Combine(_root, "data");

    private string Identity => Path.Combine(Data, "identity.pem");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task Everything_is_made_for_its_owner_only()
    {
        await using EGoatNode node = Open();
        Assert.Equal(OwnerOnly.FolderMode, File.GetUnixFileMode(Data));
        string[] files = Directory.GetFiles(Data);
        Assert.Contains(Identity, files);
        Assert.Contains(Path.Combine(Data, "chat.db"), files);
        Assert.All(files, f => Assert.Equal(OwnerOnly.FileMode, File.GetUnixFileMode(f)));
        Assert.Empty(_warnings);
    }

    [Fact]
    public async Task An_identity_that_others_could_read_is_closed_to_them_with_a_word()
    {
        await Open().DisposeAsync();
        File.SetUnixFileMode(Identity, OwnerOnly.FileMode | OfAll);
        File.SetUnixFileMode(Data, OwnerOnly.FolderMode | OfAll);
        await Open().DisposeAsync();
        Assert.Equal(OwnerOnly.FileMode, File.GetUnixFileMode(Identity));
        Assert.Equal(OwnerOnly.FolderMode, File.GetUnixFileMode(Data));
        Assert.Equal(2, _warnings.Count);
        Assert.Contains(Identity, _warnings[0], StringComparison.Ordinal);
        Assert.Contains("data folder", _warnings[1], StringComparison.Ordinal);
        _warnings.Clear();
        await Open().DisposeAsync();
        Assert.Empty(_warnings);
    }

    [Fact]
    public async Task A_folder_of_somebodys_own_choice_is_not_changed_but_told_when_others_may_write_there()
    {
        Directory.CreateDirectory(Data);
        File.SetUnixFileMode(Data, OwnerOnly.FolderMode | OfAll);
        await Open().DisposeAsync();
        Assert.Equal(OwnerOnly.FolderMode | OfAll, File.GetUnixFileMode(Data));
        Assert.Contains("take your identity away", Assert.Single(_warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Warnings_that_nobody_takes_wait_to_be_asked_for()
    {
        await Open().DisposeAsync();
        File.SetUnixFileMode(Identity, OwnerOnly.FileMode | OfAll);
        await using EGoatNode node = EGoatNode.Open(new NodeOptions { DataFolder = Data });
        Assert.True(node.TryTakeWarning(out string? warning));
        Assert.Contains(Identity, warning, StringComparison.Ordinal);
        Assert.False(node.TryTakeWarning(out _));
    }

    private EGoatNode Open() => EGoatNode.Open(new NodeOptions { DataFolder = Data, Warn = _warnings.Add });
}
