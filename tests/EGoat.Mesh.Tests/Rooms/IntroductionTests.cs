using EGoat.Mesh.Peers;

namespace EGoat.Mesh.Tests.Rooms;

public sealed class IntroductionTests
{
    public static TheoryData<string, string> Known => new()
    {
        { """{"kind":"offer","session":"a1","sdp":"v=0"}""", nameof(Introduction.Offer) },
        { """{"kind":"answer","session":"a1","sdp":"v=0"}""", nameof(Introduction.Answer) },
        { """{"kind":"candidate","session":"a1","candidate":""}""", nameof(Introduction.Candidate) },
        { """{"kind":"restart"}""", nameof(Introduction.OfferRequest) },
        { """{"kind":"restart","session":"a1"}""", nameof(Introduction.IceRestartRequest) },
        { """{"kind":"restart","session":"0123456789abcdefghijklmnopqrstuz"}""", nameof(Introduction.IceRestartRequest) },
    };

    [Theory]
    [MemberData(nameof(Known))]
    public void An_introduction_is_read_and_written_as_the_protocol_says(string text, string kind)
    {
        Introduction introduction = Introduction.Parse(text)!;
        Assert.Equal(kind, introduction.GetType().Name);
        Assert.Equal(text, introduction.Format());
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"kind":"greeting"}""")]
    [InlineData("""{"kind":"offer","sdp":"v=0"}""")]
    [InlineData("""{"kind":"offer","session":"a1"}""")]
    [InlineData("""{"kind":"offer","session":"","sdp":"v=0"}""")]
    [InlineData("""{"kind":"offer","session":"A1","sdp":"v=0"}""")]
    [InlineData("""{"kind":"offer","session":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","sdp":"v=0"}""")]
    [InlineData("""{"kind":"restart","session":"../a"}""")]
    [InlineData("""{"kind":"candidate","session":"a1"}""")]
    [InlineData("""{"kind":"offer","session":{"a":{"b":{"c":{}}}},"sdp":"v=0"}""")]
    public void What_is_no_introduction_is_none(string text) => Assert.Null(Introduction.Parse(text));
}
