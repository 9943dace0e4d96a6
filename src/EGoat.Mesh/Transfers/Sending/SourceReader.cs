using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace EGoat.Mesh.Transfers;

/// <summary>
/// Reads and hashes the blocks of a send once for all receivers that keep pace: a block stays in a window of 32 MiB until all
/// have taken it. One that falls behind the window, or begins elsewhere, reads for itself; of a stream, which cannot be read
/// twice, the slowest receiver sets the pace.
/// </summary>
internal sealed class SourceReader(IReadOnlyList<SourceFile> files, Stream? content) : IDisposable
{
    private const long MaxWindowBytes = 32 * 1024 * 1024;
    private const int MaxWindowBlocks = 1024;

    /// <summary>Guards everything below.</summary>
    private readonly Lock _gate = new();
    private readonly List<Cursor> _cursors = [];
    private readonly SortedDictionary<(int File, long Block), SourceBlock> _window = [];
    private readonly Dictionary<int, OpenFile> _open = [];
    private long _windowBytes;
    private long _nextOfStream;

    /// <summary>Reads the next block of the stream, for whoever waits for it; null when nobody does.</summary>
    private Task? _streaming;
    private TaskCompletionSource _moved = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IReadOnlyList<SourceFile> Files => files;

    /// <summary>The place of one receiver; it is disposed when the receiver needs no more.</summary>
    public Cursor CreateCursor()
    {
        var cursor = new Cursor(this);
        lock (_gate)
        {
            _cursors.Add(cursor);
        }

        return cursor;
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (SourceBlock block in _window.Values)
            {
                block.Release();
            }

            _window.Clear();
        }
    }

    private static TransferException Changed(SourceFile file) => new($"The file '{VisibleText.Line(file.Name)}' has changed since it was offered; send it again.");

    /// <summary>The source of a file was written to while it was sent.</summary>
    internal static TransferException ChangedMeanwhile(SourceFile file) =>
        new($"The file '{VisibleText.Line(file.Name)}' changed while it was sent; send it again: only what is new travels.");

    private OpenFile Open(int index)
    {
        if (TryShare(index) is { } shared)
        {
            return shared;
        }

        var opened = new OpenFile(index, File.OpenHandle(files[index].Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.SequentialScan));
        if (!IsUnchanged(opened))
        {
            opened.Handle.Dispose();
            throw Changed(files[index]);
        }

        lock (_gate)
        {
            if (TryShare(index) is not { } other)
            {
                return _open[index] = opened;
            }

            opened.Handle.Dispose(); // somebody else was faster
            return other;
        }
    }

    private OpenFile? TryShare(int index)
    {
        lock (_gate)
        {
            if (_open.TryGetValue(index, out OpenFile? open))
            {
                open.Users++;
            }

            return open;
        }
    }

    private void Close(OpenFile open)
    {
        lock (_gate)
        {
            if (--open.Users == 0)
            {
                _open.Remove(open.Index);
                open.Handle.Dispose();
            }
        }
    }

    private bool IsUnchanged(OpenFile open) =>
        RandomAccess.GetLength(open.Handle) == files[open.Index].Length && SourceFile.Milliseconds(File.GetLastWriteTimeUtc(open.Handle)) == files[open.Index].ModifiedAt;

    private SourceBlock Take(Cursor cursor, OpenFile open, long block)
    {
        lock (_gate)
        {
            (int File, long Block) place = (open.Index, block);
            if (!_window.TryGetValue(place, out SourceBlock? taken))
            {
                int length = TreeHash.BlockLength(files[open.Index].Length, block);
                taken = new SourceBlock(ArrayPool<byte>.Shared.Rent(length)) { Length = length };
                taken.AddReference();
                open.Users++;
                SourceBlock read = taken;
                taken.Loading = Task.Run(() => Load(read, open, block));
                Keep(place, taken);
            }

            Hand(taken, cursor, place);
            return taken;
        }
    }

    private void Load(SourceBlock target, OpenFile open, long block)
    {
        try
        {
            Span<byte> rest = target.Buffer.AsSpan(0, target.Length);
            long offset = block * TreeHash.BlockSize;
            while (!rest.IsEmpty)
            {
                int read = RandomAccess.Read(open.Handle, rest, offset);
                if (read == 0)
                {
                    throw new TransferException($"The file '{VisibleText.Line(files[open.Index].Name)}' became shorter while it was sent.");
                }

                rest = rest[read..];
                offset += read;
            }

            TreeHash.HashBlock(target.Content.Span, target.Hash);
        }
        finally
        {
            Close(open);
            target.Release();
        }
    }

    private async Task<SourceBlock> TakeOfStreamAsync(Cursor cursor, int file, long block, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task moved;
            lock (_gate)
            {
                if (_window.TryGetValue((file, block), out SourceBlock? taken))
                {
                    Hand(taken, cursor, (file, block));
                    return taken;
                }

                if (block < _nextOfStream)
                {
                    throw new TransferException("What comes from a stream cannot be sent again from its beginning.");
                }

                bool mayRead = _windowBytes + TreeHash.BlockSize <= MaxWindowBytes;
                moved = _streaming ?? (mayRead ? _streaming = ReadStreamAsync(file) : _moved.Task);
            }

            await moved.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    // Not cancelled by one receiver that gives up: others may wait for the same block.
    private async Task ReadStreamAsync(int file)
    {
        await Task.Yield();
        var read = new SourceBlock(ArrayPool<byte>.Shared.Rent(TreeHash.BlockSize));
        read.Length = await content!.ReadAtLeastAsync(read.Buffer.AsMemory(0, TreeHash.BlockSize), TreeHash.BlockSize, throwOnEndOfStream: false).ConfigureAwait(false);
        TreeHash.HashBlock(read.Content.Span, read.Hash);
        lock (_gate)
        {
            Keep((file, _nextOfStream++), read);
            _streaming = null;
        }
    }

    private void Hand(SourceBlock block, Cursor cursor, (int File, long Block) place)
    {
        block.AddReference();
        cursor.Place = place;
        Trim();
    }

    // The window's own reference is the one that a block is made with.
    private void Keep((int File, long Block) place, SourceBlock block)
    {
        _window[place] = block;
        _windowBytes += block.Length;
    }

    // What all have taken goes; then, of files, the oldest.
    private void Trim()
    {
        (int File, long Block) slowest = _cursors.Count == 0 ? (int.MaxValue, 0) : _cursors.Min(c => c.Place);
        bool moved = false;
        while (_window.Count > 0)
        {
            ((int File, long Block) place, SourceBlock block) = _window.First();
            bool isTaken = place.CompareTo(slowest) <= 0;
            if (!isTaken && (content is not null || (_windowBytes <= MaxWindowBytes && _window.Count <= MaxWindowBlocks)))
            {
                break;
            }

            _window.Remove(place);
            _windowBytes -= block.Length;
            block.Release();
            moved = true;
        }

        if (moved)
        {
            Interlocked.Exchange(ref _moved, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
        }
    }

    /// <summary>How far one receiver is.</summary>
    internal sealed class Cursor(SourceReader reader) : IDisposable
    {
        private OpenFile? _file;

        /// <summary>The block that was taken last.</summary>
        public (int File, long Block) Place { get; set; } = (-1, 0);

        /// <summary>Begins to read a block; the caller waits for <see cref="SourceBlock.Loading"/> and releases it.</summary>
        /// <exception cref="TransferException">The file has changed since it was offered.</exception>
        /// <exception cref="IOException">The file cannot be read.</exception>
        public async ValueTask<SourceBlock> TakeAsync(int file, long block, CancellationToken cancellationToken)
        {
            if (reader.Files[file].Length < 0)
            {
                return await reader.TakeOfStreamAsync(this, file, block, cancellationToken).ConfigureAwait(false);
            }

            if (_file?.Index != file)
            {
                CloseFile();
                _file = reader.Open(file);
            }

            return reader.Take(this, _file, block);
        }

        /// <summary>Whether a file that was read to its end is still what was offered.</summary>
        public bool IsUnchanged(int file)
        {
            if (_file?.Index == file)
            {
                return reader.IsUnchanged(_file);
            }

            OpenFile open = reader.Open(file); // throws when it has changed
            reader.Close(open);
            return true;
        }

        public void Dispose()
        {
            CloseFile();
            lock (reader._gate)
            {
                reader._cursors.Remove(this);
                reader.Trim();
            }
        }

        private void CloseFile()
        {
            if (_file is not null)
            {
                reader.Close(_file);
                _file = null;
            }
        }
    }

    /// <summary>An open source and how many use it.</summary>
    internal sealed class OpenFile(int index, SafeFileHandle handle)
    {
        public int Index => index;

        public SafeFileHandle Handle => handle;

        public int Users { get; set; } = 1;
    }
}
