using EGoat.Mesh.Transfers;

namespace EGoat.Mesh.Tests;

/// <summary>One reading for all receivers that keep pace; those that do not are on their own.</summary>
public sealed class SourceReaderTests : IDisposable
{
    private const int Block = TreeHash.BlockSize;

    private readonly string _folder = Directory.CreateTempSubdirectory("egoat-source-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Receivers_that_keep_pace_share_what_is_read()
    {
        SourceFile file = Create(8 * Block);
        using var reader = new SourceReader([file], null);
        using SourceReader.Cursor a = reader.CreateCursor();
        using SourceReader.Cursor z = reader.CreateCursor();
        for (int block = 0; block < 8; block++)
        {
            SourceBlock first = await TakeAsync(a, block);
            SourceBlock second = await TakeAsync(z, block);
            Assert.Same(first, second);
            Assert.Equal(TreeHash.HashBlock(first.Content.Span), first.Hash);
            first.Release();
            second.Release();
        }
    }

    [Fact]
    public async Task A_receiver_that_falls_behind_reads_for_itself_and_holds_nobody_up()
    {
        using var reader = new SourceReader([Create(40 * Block)], null);
        using SourceReader.Cursor fast = reader.CreateCursor();
        using SourceReader.Cursor slow = reader.CreateCursor();
        var hashes = new List<string>();
        for (int block = 0; block < 40; block++)
        {
            SourceBlock taken = await TakeAsync(fast, block);
            hashes.Add(Convert.ToHexString(taken.Hash));
            taken.Release();
        }

        for (int block = 0; block < 40; block++)
        {
            SourceBlock taken = await TakeAsync(slow, block);
            Assert.Equal(hashes[block], Convert.ToHexString(taken.Hash));
            taken.Release();
        }
    }

    [Fact]
    public async Task Of_a_stream_the_slowest_sets_the_pace()
    {
        var content = new byte[40 * Block];
        new Random(5).NextBytes(content);
        using var reader = new SourceReader([new SourceFile("", "stream", -1, null, null)], new MemoryStream(content));
        using SourceReader.Cursor fast = reader.CreateCursor();
        using SourceReader.Cursor slow = reader.CreateCursor();
        for (int block = 0; block < 32; block++)
        {
            (await TakeAsync(fast, block)).Release();
        }

        Task<SourceBlock> held = TakeAsync(fast, 32);
        Assert.False(held.IsCompleted);
        SourceBlock taken = await TakeAsync(slow, 0);
        Assert.Equal(TreeHash.HashBlock(content.AsSpan(0, Block)), taken.Hash);
        taken.Release();
        (await held.WaitAsync(TimeSpan.FromSeconds(60))).Release();

        // One that gives up holds nobody.
        Task<SourceBlock> next = TakeAsync(fast, 33);
        Assert.False(next.IsCompleted);
        slow.Dispose();
        (await next.WaitAsync(TimeSpan.FromSeconds(60))).Release();
    }

    [Fact]
    public async Task What_a_stream_has_given_away_cannot_be_read_again()
    {
        using var reader = new SourceReader([new SourceFile("", "stream", -1, null, null)], new MemoryStream(new byte[3 * Block]));
        using (SourceReader.Cursor a = reader.CreateCursor())
        {
            (await TakeAsync(a, 0)).Release();
        }

        using SourceReader.Cursor z = reader.CreateCursor();
        await Assert.ThrowsAsync<TransferException>(() => TakeAsync(z, 0));
    }

    [Fact]
    public async Task A_file_that_is_not_what_was_offered_is_refused()
    {
        SourceFile file = Create(Block);
        await File.AppendAllTextAsync(file.Path, "more");
        using var reader = new SourceReader([file], null);
        using SourceReader.Cursor cursor = reader.CreateCursor();
        TransferException e = await Assert.ThrowsAsync<TransferException>(() => TakeAsync(cursor, 0));
        Assert.Contains("changed since it was offered", e.Message, StringComparison.Ordinal);
    }

    private static async Task<SourceBlock> TakeAsync(SourceReader.Cursor cursor, long block)
    {
        SourceBlock taken = await cursor.TakeAsync(0, block, CancellationToken.None);
        await taken.Loading;
        return taken;
    }

    private SourceFile Create(int length) => SourceFile.FromFile(new FileInfo(Testing.TestFile.Create(_folder, "goat.bin", length).Path), "goat.bin");
}
