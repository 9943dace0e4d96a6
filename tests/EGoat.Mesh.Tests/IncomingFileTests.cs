using EGoat.Mesh.Protocol;
using EGoat.Mesh.Transfers;

namespace EGoat.Mesh.Tests;

/// <summary>What lies on the disk when a file comes: held files, what earlier runs have left, and what cannot be set.</summary>
public sealed class IncomingFileTests : IDisposable
{
    private const int Block = TreeHash.BlockSize;

    private readonly string _folder = Directory.CreateTempSubdirectory("egoat-incoming-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    // The first block stays as it is and is said to be held; before the second one arrives, which differs, somebody writes into the first.
    [Fact]
    public async Task A_held_file_that_changes_between_hashing_and_copying_is_not_copied()
    {
        byte[] old = [.. Enumerable.Repeat((byte)1, 2 * Block)];
        byte[] other = [.. Enumerable.Repeat((byte)2, Block)];
        string path = Path.Combine(_folder, "goat");
        await File.WriteAllBytesAsync(path, old);
        using IncomingFile file = Create(new ManifestEntry(0, "goat", 2 * Block));
        Assert.True(file.OpenPresent());
        var hash = new byte[TreeHash.HashLength];
        Assert.True(file.TryHashPresent(new byte[Block], hash));
        Assert.True(file.TryEndHeldBlock(0, Block, hash));
        await using (var stream = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            stream.WriteByte(9);
        }

        LeftOutException e = Assert.Throws<LeftOutException>(() => file.Write(other));
        Assert.Contains("changed meanwhile", e.Message, StringComparison.Ordinal);
        Assert.Equal(9, (await File.ReadAllBytesAsync(path))[0]);
    }

    [LinuxFact]
    public void What_nobody_has_gone_on_with_for_long_is_removed_and_nothing_else()
    {
        DateTime now = DateTime.UtcNow;
        string[] old = [Make(".egoat-0123456789abcdef.part", now.AddDays(-8)), Make("sub/.egoat-fedcba9876543210.part", now.AddDays(-8))];
        string[] kept =
        [
            Make(".egoat-1111111111111111.part", now.AddDays(-6)), Make("goat.part", now.AddDays(-8)), Make("egoat-2222222222222222.part", now.AddDays(-8)),
            Make("sub/goat", now.AddDays(-8)),
        ];
        string held = Make(".egoat-3333333333333333.part", now.AddDays(-8));
        string outside = Directory.CreateTempSubdirectory("egoat-outside-").FullName;
        string linked = Path.Combine(outside, ".egoat-4444444444444444.part");
        File.WriteAllText(linked, "");
        File.SetLastWriteTimeUtc(linked, now.AddDays(-8));
        Directory.CreateSymbolicLink(Path.Combine(_folder, "link"), outside);
        using (File.OpenHandle(held, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            OldPartials.Remove(_folder, now.AddDays(-7));
        }

        Assert.All(old, f => Assert.False(File.Exists(f), f));
        Assert.All([.. kept, held, linked], f => Assert.True(File.Exists(f), f));
        Directory.Delete(outside, recursive: true);
        OldPartials.Remove(Path.Combine(_folder, "nowhere"), now);
    }

    // Nobody, not even root, sets them there, as on a share of Windows.
    [LinuxFact]
    public void A_time_and_permissions_that_cannot_be_set_are_a_warning()
    {
        using Microsoft.Win32.SafeHandles.SafeFileHandle file = File.OpenHandle("/proc/self/status");
        string? warning = EntryAttributes.ApplyToFile(file, new ManifestEntry(0, "goat", 1, ModifiedAt: 1, Mode: 0x1A4), preserveMode: false);
        Assert.Contains("permissions could not be set", warning, StringComparison.Ordinal);
        Assert.DoesNotContain(warning!, char.IsControl);
    }

    [LinuxFact]
    public void A_source_id_tells_sources_apart_and_says_nothing_of_them()
    {
        using var ada = EGoat.WebRtc.Dtls.DtlsCertificate.Create();
        using var bob = EGoat.WebRtc.Dtls.DtlsCertificate.Create();
        var ids = new SourceIds(ada);
        string id = ids.Create("/home/ada/goat", "goat");
        Assert.Equal(id, new SourceIds(ada).Create("/home/ada/goat", "goat"));
        string[] others = [ids.Create("/home/ada/other/goat", "goat"), ids.Create("/home/ada/goat", "goat (2)"), new SourceIds(bob).Create("/home/ada/goat", "goat")];
        Assert.Equal(4, others.Append(id).Distinct().Count());
        Assert.All(others, o => Assert.Equal(12, o.Length));
    }

    private IncomingFile Create(ManifestEntry entry) => new(entry, IncomingPath.Resolve(_folder, entry.Path), "sender", new ReceiveOptions { Destination = _folder, Existing = ExistingFile.Overwrite });

    private string Make(string name, DateTime written)
    {
        string path = Path.Combine(_folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, "");
        File.SetLastWriteTimeUtc(path, written);
        return path;
    }
}
