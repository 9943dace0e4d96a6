using EGoat.Mesh.Protocol;
using EGoat.Mesh.Transfers;

namespace EGoat.Mesh.Tests;

/// <summary>Received files stay in the folder that was checked, whatever others do to its path meanwhile.</summary>
public sealed class ReceiveFolderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("egoat-folder-").FullName;

    private ReceiveOptions Options => new() { Destination = Root };

    private string Root => Directory.CreateDirectory(Path.Combine(_folder, "inbox")).FullName;

    private string Outside => Directory.CreateDirectory(Path.Combine(_folder, "outside")).FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    // At every moment between opening the folder and naming the file.
    [LinuxTheory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void A_folder_that_is_swapped_for_a_link_leads_nothing_out(int moment)
    {
        var path = IncomingPath.Resolve(Root, "sub/goat");
        using ReceiveFolder folder = path.MakeParent();
        SwapAt(0);
        using (PartialFile partial = PartialFile.Open(folder, "sub/goat", "sender", 4, create: true)!)
        {
            SwapAt(1);
            partial.Write("goat"u8, 0);
        }

        SwapAt(2);
        Assert.True(folder.TryRename(Path.GetFileName(Assert.Single(Directory.GetFiles(Path.Combine(_folder, "moved")))), "goat"));
        Assert.Empty(Directory.GetFileSystemEntries(Outside));
        Assert.Equal("goat", File.ReadAllText(Path.Combine(_folder, "moved", "goat")));
        Assert.Throws<IOException>(path.RefuseLinks);
        Assert.Throws<IOException>(path.MakeParent);

        void SwapAt(int now)
        {
            if (now == moment)
            {
                Directory.Move(Path.Combine(Root, "sub"), Path.Combine(_folder, "moved"));
                Directory.CreateSymbolicLink(Path.Combine(Root, "sub"), Outside);
            }
        }
    }

    [Fact]
    public void A_name_that_is_taken_is_not_given_again()
    {
        using ReceiveFolder folder = ReceiveFolder.Open(Root, [], create: true)!;
        File.WriteAllText(Path.Combine(Root, "old"), "old");
        File.WriteAllText(Path.Combine(Root, "new"), "new");
        Directory.CreateDirectory(Path.Combine(Root, "folder"));
        Assert.False(folder.TryRename("new", "old"));
        Assert.False(folder.TryRename("new", "folder"));
        Assert.Equal("old", File.ReadAllText(Path.Combine(Root, "old")));
        Assert.True(folder.TryRename("new", "other"));
        Assert.Equal(["folder", "old", "other"], Directory.GetFileSystemEntries(Root).Select(Path.GetFileName).Order());
        folder.Replace("other", "old");
        Assert.Equal("new", File.ReadAllText(Path.Combine(Root, "old")));
    }

    // Which of them comes first is the system's choice; each gets a name of its own.
    [Fact]
    public async Task Files_of_one_name_that_are_ready_at_once_all_stay()
    {
        const int count = 40;
        var entry = new ManifestEntry(0, "goat", 1, null, null, false);
        await Task.WhenAll(Enumerable.Range(0, count).Select(i => Task.Run(() =>
        {
            var path = IncomingPath.Resolve(Root, "goat");
            using ReceiveFolder folder = path.MakeParent();
            using PartialFile partial = PartialFile.Open(folder, "goat", $"sender {i}", 1, create: true)!;
            partial.Write([(byte)i], 0);
            partial.Complete(path, 1, entry, Options, PathRules.Current);
        })));
        Assert.Equal(Enumerable.Range(0, count), Directory.GetFiles(Root).Select(f => (int)Assert.Single(File.ReadAllBytes(f))).Order());
    }

    [Fact]
    public void A_partial_file_is_open_once()
    {
        using ReceiveFolder folder = ReceiveFolder.Open(Root, [], create: true)!;
        using PartialFile? first = PartialFile.Open(folder, "goat", "sender", 1, create: true);
        Assert.Throws<IOException>(() => PartialFile.Open(folder, "goat", "sender", 1, create: true));
    }

    // Linux makes a file beside it of what is a stream of the file on Windows, which goes with it when it gets its name.
    [LinuxFact]
    public void By_the_rules_of_Windows_a_file_is_marked_as_coming_from_elsewhere_before_it_gets_its_name()
    {
        const string stream = ":Zone.Identifier";
        foreach (PathRules rules in new[] { PathRules.Linux, PathRules.MacOS, PathRules.Windows })
        {
            var path = IncomingPath.Resolve(Root, "profile.ps1");
            using ReceiveFolder folder = path.MakeParent();
            using PartialFile partial = PartialFile.Open(folder, "profile.ps1", "sender", 4, create: true)!;
            partial.Write("goat"u8, 0);
            partial.Complete(path, 4, new ManifestEntry(0, "profile.ps1", 4), Options, rules);
            Assert.Equal(rules.IsWindows ? 1 : 0, Directory.GetFiles(Root, $"*{stream}").Length);
        }

        string mark = Assert.Single(Directory.GetFiles(Root, $".egoat-*.part{stream}"));
        Assert.Equal("[ZoneTransfer]\r\nZoneId=3\r\n", File.ReadAllText(mark));
    }

    [Fact]
    public void A_mark_that_cannot_be_set_is_no_error() =>
        MarkOfTheWeb.Set(Path.Combine(Root, "not there", "goat"), PathRules.Windows);

    [LinuxFact]
    public void Links_are_opened_neither_as_files_nor_as_folders()
    {
        string victim = Path.Combine(Outside, "victim");
        File.WriteAllText(victim, "victim");
        using ReceiveFolder folder = ReceiveFolder.Open(Root, [], create: true)!;
        File.CreateSymbolicLink(Path.Combine(Root, "file"), victim);
        Directory.CreateSymbolicLink(Path.Combine(Root, "folder"), Outside);
        Assert.Throws<IOException>(() => folder.OpenExclusively("file"));
        Assert.Throws<IOException>(() => folder.OpenToRead("file"));
        Assert.Throws<IOException>(() => folder.Create("file", 0));
        Assert.Throws<IOException>(() => ReceiveFolder.Open(Root, ["folder"], create: true));
        Assert.Equal("victim", File.ReadAllText(victim));
    }

    [Fact]
    public void A_root_that_is_gone_is_not_made_again()
    {
        var path = IncomingPath.Resolve(Root, "sub/goat");
        Directory.Delete(Root);
        Assert.Contains("is not there any more", Assert.Throws<IOException>(path.MakeParent).Message, StringComparison.Ordinal);
        Assert.Null(path.FindParent());
    }
}
