using EGoat.WebRtc.Dtls;

namespace EGoat.WebRtc.Sockets.Tests;

public sealed class WarmUpTests
{
    [Theory]
    [InlineData(PeerConnection.BaseDatagramSize)]
    [InlineData(PeerConnectionOptions.DatagramSizeLimit)]
    public void It_goes_through_a_whole_connection_until_a_message_has_arrived(int maxDatagramSize)
    {
        using DtlsCertificate certificate = DtlsCertificate.Create();
        Assert.True(WarmUp.Run(new PeerConnectionOptions { Certificate = certificate, MaxDatagramSize = maxDatagramSize }));
    }
}
