using System.Security.Cryptography;

namespace EGoat.Benchmarks.Measuring;

/// <summary>A folder of a benchmark, removed at its end.</summary>
internal sealed class ScratchFolder : IDisposable
{
    private const int BlockBytes = 1024 * 1024;

    private ScratchFolder(string parent) => Path = Directory.CreateDirectory(System.IO.Path.Combine(parent, $"egoat-bench-{Guid.NewGuid():N}")).FullName;

    public string Path { get; }

    /// <summary>As the system names it, such as ext4.</summary>
    public string FileSystem => new DriveInfo(Path).DriveFormat;

    /// <summary>In memory where there is such a file system, else among the temporary files.</summary>
    public static ScratchFolder InMemory() => new(Directory.Exists("/dev/shm") ? "/dev/shm" : System.IO.Path.GetTempPath());

    public static ScratchFolder In(string parent) => new(parent);

    public string Sub(params string[] names) => System.IO.Path.Combine([Path, .. names]);

    /// <summary>A file of random bytes, written through to the disk.</summary>
    public string CreateFile(string name, long mib)
    {
        using FileStream file = File.Create(Sub(name));
        byte[] block = new byte[BlockBytes];
        for (long i = 0; i < mib; i++)
        {
            RandomNumberGenerator.Fill(block);
            file.Write(block);
        }

        file.Flush(flushToDisk: true);
        return file.Name;
    }

    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (IOException e)
        {
            Console.Error.WriteLine($"{Path} is left behind: {e.Message}");
        }
    }
}
