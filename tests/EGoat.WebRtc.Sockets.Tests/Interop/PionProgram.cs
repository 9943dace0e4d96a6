namespace EGoat.WebRtc.Sockets.Tests.Interop;

/// <summary>The peer with pion, built once for all tests, before the time of any of them begins.</summary>
public sealed class PionProgram : IDisposable
{
    public const string Package = "github.com/pion/webrtc";

    private readonly string _folder = Directory.CreateTempSubdirectory("egoat-pion-").FullName;

    public PionProgram()
    {
        if (GoPackage.WhyNot(Package) is null)
        {
            GoPackage.Build(ForeignPeer.Script("pion_peer.go"), Path.Combine(_folder, "peer"));
        }
    }

    /// <param name="opensDtls">Whether it opens DTLS when it answers, whatever the offer says.</param>
    public ForeignPeer Start(bool opensDtls = true) => new ProcessPeer(Path.Combine(_folder, "peer"), opensDtls ? "active" : "passive");

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
