using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using static EGoat.History.Tests.HistoryFolder;

namespace EGoat.History.Tests;

/// <summary>Nobody but the owner reads the history, whatever the umask. They change it for the whole process, and run alone.</summary>
[Collection(nameof(OwnerOnlyTests))]
[UnsupportedOSPlatform("windows")]
[CollectionDefinition(nameof(OwnerOnlyTests), DisableParallelization = true)]
public sealed partial class OwnerOnlyTests : IDisposable
{
    private readonly HistoryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [UnixFact]
    public async Task The_file_its_log_and_its_index_are_the_owners_whatever_the_umask()
    {
        uint before = SetUmask(0);
        try
        {
            string folder = _folder.Sub("new/deeper");
            await using HistoryStore store = HistoryStore.Open(Path.Combine(folder, "chat.db"), _folder.Options);
            await store.AddMessageAsync(Message("1"), default);
            Assert.Equal(OwnerOnly.FolderMode, File.GetUnixFileMode(folder));
            Assert.Equal(OwnerOnly.FolderMode, File.GetUnixFileMode(_folder.Sub("new")));
            Assert.Equal(3, Directory.GetFiles(folder).Length);
            Assert.All(Directory.GetFiles(folder), f => Assert.Equal(OwnerOnly.FileMode, File.GetUnixFileMode(f)));
        }
        finally
        {
            _ = SetUmask(before);
        }

        Assert.Empty(_folder.Warnings);
    }

    [UnixFact]
    public async Task A_file_that_others_can_read_is_closed_to_them_with_a_word()
    {
        await using (HistoryStore store = _folder.Open())
        {
            await store.AddMessageAsync(Message("1"), default);
        }

        File.SetUnixFileMode(_folder.Database, OwnerOnly.FileMode | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        await File.WriteAllTextAsync(_folder.Database + "-wal", "");
        File.SetUnixFileMode(_folder.Database + "-wal", OwnerOnly.FileMode | UnixFileMode.OtherWrite);
        await using HistoryStore again = _folder.Open();
        await again.AddMessageAsync(Message("2"), default);
        Assert.All(Directory.GetFiles(_folder.Path, "chat.db*"), f => Assert.Equal(OwnerOnly.FileMode, File.GetUnixFileMode(f)));
        Assert.Equal(
            [$"Other users could read or change '{_folder.Database}'; now only its owner can.", $"Other users could read or change '{_folder.Database}-wal'; now only its owner can."],
            _folder.Warnings);
    }

    [UnixFact]
    public void A_folder_that_is_there_stays_as_it_is()
    {
        string folder = _folder.Sub("mine");
        Directory.CreateDirectory(folder, OwnerOnly.FolderMode | UnixFileMode.OtherRead);
        OwnerOnly.CreateFolder(folder);
        Assert.True(OwnerOnly.IsOpenToOthers(folder));
        Assert.False(OwnerOnly.IsWritableByOthers(folder));
        Assert.True(OwnerOnly.TryClose(folder));
        Assert.Equal(OwnerOnly.FolderMode, File.GetUnixFileMode(folder));
    }

    [UnixFact]
    public void A_folder_of_all_is_writable_unless_everybody_removes_only_their_own()
    {
        string folder = _folder.Sub("shared");
        Directory.CreateDirectory(folder);
        File.SetUnixFileMode(folder, OwnerOnly.FolderMode | UnixFileMode.OtherWrite);
        Assert.True(OwnerOnly.IsWritableByOthers(folder));
        File.SetUnixFileMode(folder, OwnerOnly.FolderMode | UnixFileMode.OtherWrite | UnixFileMode.StickyBit);
        Assert.False(OwnerOnly.IsWritableByOthers(folder));
    }

    [UnixFact]
    public void A_file_that_is_there_is_not_taken_over()
    {
        File.WriteAllText(_folder.Sub("file"), "content");
        Assert.Throws<IOException>(() => OwnerOnly.CreateFile(_folder.Sub("file")));
        Assert.Equal("content", File.ReadAllText(_folder.Sub("file")));
    }

    [LibraryImport("libc", EntryPoint = "umask")]
    private static partial uint SetUmask(uint mask);
}
