using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Xml.Linq;

namespace EGoat.Tests;

/// <summary>Who may use whom, and what the protocol engine must not touch.</summary>
public sealed class ArchitectureTests
{
    private static readonly string Root = FindRoot();

    /// <summary>Every project of src and the projects it may refer to.</summary>
    public static TheoryData<string, string[]> Projects => new()
    {
        { "EGoat", [] },
        { "EGoat.WebRtc", [] },
        { "EGoat.WebRtc.Sockets", ["EGoat.WebRtc"] },
        { "EGoat.Signaling", [] },
        { "EGoat.Keys", [] },
        { "EGoat.Mesh", ["EGoat", "EGoat.Keys", "EGoat.Signaling", "EGoat.WebRtc.Sockets"] },
        { "EGoat.History", ["EGoat"] },
        { "EGoat.Web", ["EGoat", "EGoat.Signaling"] },
        { "EGoat.Node", ["EGoat.History", "EGoat.Mesh", "EGoat.Web"] },
        { "EGoat.PowerShell", ["EGoat.Node"] },
        { "EGoat.Terminal", ["EGoat", "EGoat.Mesh"] },
        { "EGoat.Cli", ["EGoat.Node", "EGoat.Terminal"] },
    };

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_refers_to_what_it_may_and_nothing_else(string project, string[] allowed)
    {
        XDocument file = XDocument.Load(Path.Combine(Root, "src", project, $"{project}.csproj"));
        string[] referenced = [.. file.Descendants("ProjectReference").Select(r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value)).Order()];
        Assert.Equal(allowed.Order(), referenced);
        if (allowed.Length == 0)
        {
            // X25519 on any u-coordinate is what the platform lacks.
            string[] packages = project == "EGoat.Keys" ? ["BouncyCastle.Cryptography"] : [];
            Assert.Equal(packages, file.Descendants("PackageReference").Select(r => r.Attribute("Include")!.Value));
        }

        if (project != "EGoat.Web")
        {
            Assert.Empty(file.Descendants("FrameworkReference"));
        }
    }

    [Fact]
    public void Every_project_is_listed_here() =>
        Assert.Equal(Projects.Select(p => (string)((object[])p)[0]).Order(), Directory.GetDirectories(Path.Combine(Root, "src")).Select(Path.GetFileName).Order());

    [Fact]
    public void The_engine_uses_no_socket_clock_task_thread_lock_or_global_random()
    {
        string[] forbidden =
        [
            "System.Net.Sockets.Socket", "System.Net.Sockets.UdpClient", "System.DateTime", "System.DateTimeOffset.get_UtcNow", "System.Diagnostics.Stopwatch", "System.TimeProvider",
            "System.Environment.get_TickCount", "System.Threading.Tasks", "System.Threading.Thread", "System.Threading.Timer", "System.Threading.Monitor", "System.Threading.Lock",
            "System.Threading.Interlocked", "System.Threading.Channels", "System.Random", "System.Security.Cryptography.RandomNumberGenerator", "System.Guid.NewGuid", "System.Console",
        ];
        string[] used = [.. MembersUsedBy(typeof(WebRtc.PeerConnection).Assembly.Location)];
        Assert.NotEmpty(used);
        Assert.DoesNotContain(used, member => forbidden.Any(f => member == f || member.StartsWith(f + ".", StringComparison.Ordinal)));
    }

    [Fact]
    public void No_source_file_is_longer_than_600_lines()
    {
        IEnumerable<string> files = new[] { "src", "tests" }
            .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Root, folder), "*.*", SearchOption.AllDirectories))
            .Where(f => Path.GetExtension(f) is ".cs" or ".js" && !f.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal) && !f.Contains($"{Path.DirectorySeparatorChar}bin{Path.DirectorySeparatorChar}", StringComparison.Ordinal));
        Assert.DoesNotContain(files, f => File.ReadLines(f).Count() > 600);
    }

    // Types and members that an assembly refers to, by full name.
    private static List<string> MembersUsedBy(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        MetadataReader metadata = file.GetMetadataReader();
        var names = new List<string>();
        foreach (TypeReferenceHandle handle in metadata.TypeReferences)
        {
            TypeReference type = metadata.GetTypeReference(handle);
            names.Add($"{metadata.GetString(type.Namespace)}.{metadata.GetString(type.Name)}");
        }

        foreach (MemberReferenceHandle handle in metadata.MemberReferences)
        {
            MemberReference member = metadata.GetMemberReference(handle);
            if (member.Parent.Kind == HandleKind.TypeReference)
            {
                TypeReference type = metadata.GetTypeReference((TypeReferenceHandle)member.Parent);
                names.Add($"{metadata.GetString(type.Namespace)}.{metadata.GetString(type.Name)}.{metadata.GetString(member.Name)}");
            }
        }

        return names;
    }

    private static string FindRoot()
    {
        string? folder = Path.GetDirectoryName(Assembly.GetExecutingAssembly().Location);
        while (folder is not null && !File.Exists(Path.Combine(folder, "EGoat.sln")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new InvalidOperationException("The tests run inside of the repository.");
    }
}
