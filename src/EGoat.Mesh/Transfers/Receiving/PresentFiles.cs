using System.Buffers;
using EGoat.Mesh.Protocol;

namespace EGoat.Mesh.Transfers;

/// <summary>What this side may hold of the files of a transfer: it is hashed, and the sender skips the blocks whose hashes are those of its own.</summary>
internal sealed class PresentFiles : IDisposable
{
    /// <summary>Files of one transfer that stay open between comparing and receiving.</summary>
    private const int MaxOpen = 64;

    private const int HashesPerPage = (FileFrame.MaxSmallLength - FileFrame.HaveHeaderLength) / TreeHash.HashLength;

    private readonly Dictionary<int, IncomingFile> _files = [];

    private PresentFiles()
    {
    }

    public int Count => _files.Count;

    /// <summary>Looks for what is there. What cannot be looked at counts as absent: receiving it tells why.</summary>
    /// <param name="accepted">The files that are received, as indices of the transfer.</param>
    /// <param name="create">Makes a file that is received.</param>
    public static PresentFiles Find(IEnumerable<int> accepted, Func<int, IncomingFile> create)
    {
        var present = new PresentFiles();
        foreach (int i in accepted)
        {
            present.Look(i, create);
        }

        return present;
    }

    /// <summary>Takes a file that was found; the caller disposes of it. Null when it was not.</summary>
    public IncomingFile? Take(int index) => _files.Remove(index, out IncomingFile? file) ? file : null;

    /// <summary>Tells the sender the hashes of what is there.</summary>
    public async Task SendAsync(TransferChannel channel)
    {
        byte[] block = ArrayPool<byte>.Shared.Rent(TreeHash.BlockSize);
        var page = new byte[FileFrame.MaxSmallLength];
        try
        {
            foreach ((int index, IncomingFile file) in _files)
            {
                await SendAsync(channel, index, file, block, page).ConfigureAwait(false);
            }

            FileFrame.WriteHaveHeader(page, 0, 0, isLastPage: true);
            await channel.SendAsync(page.AsMemory(0, FileFrame.HaveHeaderLength)).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    public void Dispose()
    {
        foreach (IncomingFile file in _files.Values)
        {
            file.Dispose();
        }

        _files.Clear();
    }

    private static async Task SendAsync(TransferChannel channel, int index, IncomingFile file, byte[] block, byte[] page)
    {
        try
        {
            bool isReopened = file.ReopenPresent();
            for (int first = 0, count = HashesPerPage; count == HashesPerPage; first += count)
            {
                count = await Task.Run(() => HashPage(file, block, page), channel.Stopped).ConfigureAwait(false);
                FileFrame.WriteHaveHeader(page, index, first, isLastPage: false);
                await channel.SendAsync(page.AsMemory(0, FileFrame.HaveHeaderLength + (count * TreeHash.HashLength))).ConfigureAwait(false);
            }

            if (isReopened)
            {
                file.ClosePresent();
            }
        }
        catch (Exception e) when (LeftOutException.IsFault(e))
        {
            // It went meanwhile, or cannot be read: what was told of it so far will be looked at once more.
        }
    }

    private static int HashPage(IncomingFile file, byte[] block, byte[] page)
    {
        int count = 0;
        while (count < HashesPerPage && file.TryHashPresent(block, page.AsSpan(FileFrame.HaveHeaderLength + (count * TreeHash.HashLength), TreeHash.HashLength)))
        {
            count++;
        }

        return count;
    }

    private void Look(int index, Func<int, IncomingFile> create)
    {
        IncomingFile? file = null;
        try
        {
            file = create(index);
            if (file.OpenPresent())
            {
                if (_files.Count >= MaxOpen)
                {
                    file.ClosePresent();
                }

                _files[index] = file;
                file = null;
            }
        }
        catch (Exception e) when (LeftOutException.IsFault(e))
        {
            // Receiving it tells why.
        }
        finally
        {
            file?.Dispose();
        }
    }
}
