using System.Security.Cryptography;
using Microsoft.Extensions.Time.Testing;

namespace EGoat.Keys.Tests;

/// <summary>Codes handed over a server that does whatever it likes.</summary>
public sealed class CodeExchangeTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly RoomLink _link = RoomLink.Create(new Uri("https://192.0.2.1:4747/"), "lobby", RoomKey.Create());
    private readonly CodeInvitation _invitation;

    public CodeExchangeTests() => _invitation = new CodeInvitation(Code("7-goat-piano"), _link, _time);

    [Fact]
    public void Whoever_knows_the_code_gets_the_link()
    {
        (CodeExchange inviter, CodeExchange joiner) = Run("7-goat-piano");
        Assert.Equal((CodeExchangeState.Done, CodeExchangeState.Done), (inviter.State, joiner.State));
        Assert.Equal(_link.Reveal(), joiner.Link!.Reveal());
        Assert.Equal(CodeInvitationState.Used, _invitation.State);
    }

    [Fact]
    public void Messages_are_those_of_the_vectors()
    {
        foreach (var vector in Vectors.All("codes"))
        {
            InviteCode code = Code($"{vector.Number("slot")}-{vector.Text("words")}");
            Assert.True(RoomLink.TryParse(vector.Text("link"), out RoomLink? link, out _));
            var invitation = new CodeInvitation(code, link, _time);
            CodeExchange inviter = CodeExchange.Invite(code, vector.Text("inviter"), invitation, link, vector.Bytes("inviterNonce"), vector.Bytes("inviterScalar"));
            CodeExchange joiner = CodeExchange.Join(code, vector.Text("joiner"), vector.Bytes("joinerNonce"), vector.Bytes("joinerScalar"), out byte[] message);
            Assert.Equal(vector.Text("hello"), Convert.ToHexStringLower(message));
            Assert.True(inviter.TryHandle(message, out message));
            Assert.Equal(vector.Text("share"), Convert.ToHexStringLower(message));
            Assert.True(joiner.TryHandle(message, out message));
            Assert.Equal(vector.Text("proof"), Convert.ToHexStringLower(message));
            Assert.True(inviter.TryHandle(message, out message));
            Assert.Equal(vector.Text("sealedLink"), Convert.ToHexStringLower(message));
            Assert.True(joiner.TryHandle(message, out _));
            Assert.Equal(vector.Text("link"), joiner.Link!.Reveal());
        }
    }

    [Theory]
    [InlineData("7-goat-acid")]
    [InlineData("7-piano-goat")]
    [InlineData("7-goat-piano-acid")]
    [InlineData("8-goat-piano")]
    public void Whoever_guesses_gets_nothing_and_it_is_counted(string guess)
    {
        (CodeExchange inviter, CodeExchange joiner) = Run(guess);
        Assert.Equal((CodeExchangeState.Failed, CodeFailure.WrongCode), (inviter.State, inviter.Failure));
        Assert.Null(joiner.Link);
        Assert.Equal((CodeInvitationState.Open, 2), (_invitation.State, _invitation.TriesLeft));
    }

    [Fact]
    public void Three_wrong_guesses_burn_a_code_and_the_right_one_comes_too_late()
    {
        for (int i = 0; i < CodeInvitation.MaxFailures; i++)
        {
            Run("7-goat-acid");
        }

        Assert.Equal((CodeInvitationState.Failed, 0), (_invitation.State, _invitation.TriesLeft));
        Assert.Throws<InvalidOperationException>(() => _invitation.Begin(Base32.NewId()));
    }

    [Fact]
    public void Guesses_at_the_same_time_are_three_too()
    {
        var exchanges = Enumerable.Range(0, 50).Select(_ => Advance("7-goat-acid")).ToArray();
        CodeExchange right = Advance("7-goat-piano", out byte[] rightProof);
        Parallel.ForEach(exchanges, e => e.Inviter.TryHandle(e.Proof, out byte[] _));
        Assert.Equal(3, exchanges.Count(e => e.Inviter.Failure == CodeFailure.WrongCode));
        Assert.Equal(47, exchanges.Count(e => e.Inviter.Failure == CodeFailure.Ended));
        Assert.False(right.TryHandle(rightProof, out byte[] reply));
        Assert.Equal(CodeFailure.Ended, right.Failure);
        Assert.Empty(reply);
    }

    [Fact]
    public void Of_two_that_know_the_code_one_gets_the_link()
    {
        CodeExchange one = Advance("7-goat-piano", out byte[] oneProof);
        CodeExchange two = Advance("7-goat-piano", out byte[] twoProof);
        Assert.True(one.TryHandle(oneProof, out _));
        Assert.False(two.TryHandle(twoProof, out byte[] reply));
        Assert.Empty(reply);
    }

    [Fact]
    public void An_hour_lapses_a_code_also_in_the_middle_of_an_exchange()
    {
        CodeExchange inviter = Advance("7-goat-piano", out byte[] proof);
        _time.Advance(CodeInvitation.Lifetime - TimeSpan.FromSeconds(1));
        Assert.Equal(CodeInvitationState.Open, _invitation.State);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(CodeInvitationState.Lapsed, _invitation.State);
        Assert.False(inviter.TryHandle(proof, out _));
        Assert.Equal(CodeFailure.Ended, inviter.Failure);
        Assert.Throws<InvalidOperationException>(() => _invitation.Begin(Base32.NewId()));
    }

    [Fact]
    public void A_server_in_the_middle_with_a_guess_of_its_own_gets_one_try_on_each_side()
    {
        // It plays the inviter towards one and the joiner towards the other.
        CodeExchange victim = CodeExchange.Join(Code("7-goat-piano"), Base32.NewId(), out byte[] hello);
        var guess = new CodeInvitation(Code("7-goat-acid"), RoomLink.Create(new Uri("https://evil.example/"), "lobby", RoomKey.Create()), _time);
        CodeExchange server = guess.Begin(Base32.NewId());
        Assert.True(server.TryHandle(hello, out byte[] share));
        Assert.True(victim.TryHandle(share, out byte[] proof));
        Assert.False(server.TryHandle(proof, out _));
        byte[] forged = [2, 4, .. RandomNumberGenerator.GetBytes(64), .. RandomNumberGenerator.GetBytes(200)];
        Assert.False(victim.TryHandle(forged, out _));
        Assert.Equal((CodeFailure.WrongCode, (RoomLink?)null), (victim.Failure, victim.Link));
    }

    [Fact]
    public void Messages_that_are_exchanged_between_two_runs_prove_nothing()
    {
        CodeExchange one = Advance("7-goat-piano", out _);
        Advance("7-goat-piano", out byte[] other);
        Assert.False(one.TryHandle(other, out _));
        Assert.Equal(CodeFailure.WrongCode, one.Failure);
    }

    [Fact]
    public void What_is_sent_back_is_refused()
    {
        string self = Base32.NewId();
        CodeExchange inviter = _invitation.Begin(self);
        CodeExchange.Join(_invitation.Code, self, out byte[] hello);
        Assert.False(inviter.TryHandle(hello, out _));
        Assert.Equal(CodeFailure.Reflected, inviter.Failure);

        CodeExchange joiner = CodeExchange.Join(_invitation.Code, self, out hello);
        Assert.True(_invitation.Begin(Base32.NewId()).TryHandle(hello, out byte[] share));
        System.Text.Encoding.ASCII.GetBytes(self).CopyTo(share, 2);
        Assert.False(joiner.TryHandle(share, out _));
        Assert.Equal(CodeFailure.Reflected, joiner.Failure);

        inviter = _invitation.Begin(Base32.NewId());
        CodeExchange.Join(_invitation.Code, Base32.NewId(), out hello);
        Assert.True(inviter.TryHandle(hello, out share));
        byte[] reflected = [2, 3, .. share[^32..], .. new byte[64]];
        Assert.False(inviter.TryHandle(reflected, out _));
        Assert.Equal(CodeFailure.Reflected, inviter.Failure);
    }

    [Fact]
    public void Shares_of_low_order_are_refused_on_both_sides()
    {
        foreach (byte[] point in Vectors.Get("lowOrder").AsArray().Select(p => Convert.FromHexString(p!.GetValue<string>())))
        {
            CodeExchange joiner = CodeExchange.Join(_invitation.Code, Base32.NewId(), out byte[] hello);
            var invitation = new CodeInvitation(_invitation.Code, _link, _time);
            CodeExchange inviter = invitation.Begin(Base32.NewId());
            Assert.True(inviter.TryHandle(hello, out byte[] share));
            Assert.False(inviter.TryHandle([2, 3, .. point, .. new byte[64]], out _));
            Assert.Equal((CodeFailure.WeakShare, 2), (inviter.Failure, invitation.TriesLeft));
            point.CopyTo(share, share.Length - 32);
            Assert.False(joiner.TryHandle(share, out byte[] reply));
            Assert.Equal(CodeFailure.WeakShare, joiner.Failure);
            Assert.Empty(reply);
        }
    }

    [Fact]
    public void A_link_that_was_altered_is_not_taken()
    {
        CodeExchange joiner = CodeExchange.Join(_invitation.Code, Base32.NewId(), out byte[] message);
        CodeExchange inviter = _invitation.Begin(Base32.NewId());
        Assert.True(inviter.TryHandle(message, out message) && joiner.TryHandle(message, out message) && inviter.TryHandle(message, out message));
        message[^1] ^= 1;
        Assert.False(joiner.TryHandle(message, out _));
        Assert.Equal((CodeFailure.BadLink, (RoomLink?)null), (joiner.Failure, joiner.Link));
    }

    [Fact]
    public void Messages_out_of_order_of_another_version_or_after_the_end_fail()
    {
        CodeExchange joiner = CodeExchange.Join(_invitation.Code, Base32.NewId(), out byte[] hello);
        Assert.False(joiner.TryHandle(hello, out _));
        Assert.Equal(CodeFailure.Malformed, joiner.Failure);
        CodeExchange inviter = _invitation.Begin(Base32.NewId());
        hello[0] = 3;
        Assert.False(inviter.TryHandle(hello, out _));
        Assert.Equal(CodeFailure.OtherVersion, inviter.Failure);
        hello[0] = 2;
        Assert.False(inviter.TryHandle(hello, out _));
        Assert.False(_invitation.Begin(Base32.NewId()).TryHandle(new byte[CodeExchange.MaxMessageLength + 1], out _));
        Assert.False(_invitation.Begin(Base32.NewId()).TryHandle([], out _));
        Assert.Equal(3, _invitation.TriesLeft);
    }

    [Fact]
    public void Whatever_is_changed_in_a_message_nobody_gets_a_link()
    {
        var mutator = new Mutator(5);
        CodeExchange joiner = CodeExchange.Join(_invitation.Code, Base32.NewId(), out byte[] hello);
        Assert.True(_invitation.Begin(Base32.NewId()).TryHandle(hello, out byte[] share));
        Assert.True(joiner.TryHandle(share, out byte[] proof));
        byte[][] seeds = [hello, share, proof, [2, 4, .. new byte[64], .. new byte[120]]];
        var invitation = new CodeInvitation(_invitation.Code, _link, _time);
        int right = 0;
        for (int i = 0; i < Testing.LongRun.Choose(50_000, 1_000_000); i++)
        {
            byte[] message = mutator.Change(seeds[i % 4]);
            CodeExchange exchange = i % 8 < 4 ? CodeExchange.Invite(_invitation.Code, Base32.NewId(), invitation, _link) : CodeExchange.Join(_invitation.Code, Base32.NewId(), out _);
            right += exchange.TryHandle(message, out _) ? 1 : 0;
            Assert.Null(exchange.Link);
            Assert.NotEqual(CodeExchangeState.Done, exchange.State);
        }

        Assert.NotEqual(0, right); // some changes, as those of a nonce, are not to be noticed before the proof
    }

    private static InviteCode Code(string text) => InviteCode.TryParse(text, out InviteCode? code, out string error) ? code : throw new ArgumentException(error);

    private (CodeExchange Inviter, CodeExchange Joiner) Run(string guess)
    {
        CodeExchange joiner = CodeExchange.Join(Code(guess), Base32.NewId(), out byte[] message);
        CodeExchange inviter = _invitation.Begin(Base32.NewId());
        _ = inviter.TryHandle(message, out message) && joiner.TryHandle(message, out message) && inviter.TryHandle(message, out message) && joiner.TryHandle(message, out _);
        return (inviter, joiner);
    }

    private (CodeExchange Inviter, byte[] Proof) Advance(string guess) => (Advance(guess, out byte[] proof), proof);

    private CodeExchange Advance(string guess, out byte[] proof)
    {
        CodeExchange joiner = CodeExchange.Join(Code(guess), Base32.NewId(), out byte[] message);
        CodeExchange inviter = _invitation.Begin(Base32.NewId());
        Assert.True(inviter.TryHandle(message, out message));
        Assert.True(joiner.TryHandle(message, out proof));
        return inviter;
    }
}
