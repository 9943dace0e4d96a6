using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace EGoat.Keys;

/// <summary>
/// One try to hand over the link of a room under a code: four messages that the server passes on, none of which tells it anything of the
/// words (docs/protocol.md §5). It has no sockets and no clock; what arrives goes in, what is to be sent comes out. Not thread-safe.
/// </summary>
/// <remarks>
/// <code>
/// joins                                  invites
/// hello {id, nonce}            ->
///                              &lt;-        share {id, nonce, Y}
/// proof {Y, tag}               ->
///                              &lt;-        link {tag, sealed link}
/// </code>
/// Whoever joins proves first that it knows the words; nothing that depends on the key is sent to somebody who does not.
/// </remarks>
public sealed class CodeExchange
{
    /// <summary>Longer messages are malformed.</summary>
    public const int MaxMessageLength = 4096;

    private const byte Version = 2;
    private const byte HelloType = 1;
    private const byte ShareType = 2;
    private const byte ProofType = 3;
    private const byte LinkType = 4;
    private const int HeaderLength = 2;
    private const int IdLength = Base32.IdLength;
    private const int NonceLength = 16;
    private const int ConfirmationLength = 64;
    private const int KeyLength = 32;
    private const int GcmNonceLength = 12;
    private const int TagLength = 16;

    private static readonly byte[] InviterRole = Fields.Of("egoat/2 code inviter");
    private static readonly byte[] JoinerRole = Fields.Of("egoat/2 code joiner");
    private static readonly byte[] NoData = [];

    private readonly InviteCode _code;
    private readonly string _self;
    private readonly byte[] _nonce;
    private readonly byte[] _scalar;
    private readonly RoomLink? _link;

    /// <summary>Asked before a proof is looked at, and told when it was right; null at the side that joins.</summary>
    private readonly CodeInvitation? _invitation;

    private string _inviter = "";
    private string _joiner = "";
    private byte[] _session = [];
    private byte[] _share = [];
    private byte[] _otherShare = [];
    private byte[] _key = [];

    private CodeExchange(InviteCode code, string self, CodeInvitation? invitation, RoomLink? link, byte[] nonce, byte[] scalar)
    {
        if (!Base32.IsId(self))
        {
            throw new ArgumentException("A peer id has 26 characters of base32.", nameof(self));
        }

        _code = code;
        _self = self;
        _invitation = invitation;
        _link = link;
        _nonce = nonce;
        _scalar = scalar;
        State = invitation is null ? CodeExchangeState.AwaitingShare : CodeExchangeState.AwaitingHello;
    }

    /// <summary>How far it is.</summary>
    public CodeExchangeState State { get; private set; }

    /// <summary>Why it has failed.</summary>
    public CodeFailure Failure { get; private set; }

    /// <summary>The link that was handed over, at the side that joins, when it is done.</summary>
    public RoomLink? Link { get; private set; }

    /// <summary>Begins at the side that joins.</summary>
    /// <param name="code">The code as it was told.</param>
    /// <param name="self">This side's peer id, drawn for this.</param>
    /// <param name="hello">What to send first.</param>
    public static CodeExchange Join(InviteCode code, string self, out byte[] hello) =>
        Join(code, self, RandomNumberGenerator.GetBytes(NonceLength), RandomNumberGenerator.GetBytes(CPace.ShareLength), out hello);

    /// <summary>Takes a message of the other side.</summary>
    /// <param name="message">What came.</param>
    /// <param name="reply">What to send; empty for nothing.</param>
    /// <returns>False when the exchange has failed, by this message or before.</returns>
    public bool TryHandle(ReadOnlySpan<byte> message, out byte[] reply)
    {
        reply = [];
        if (State is CodeExchangeState.Done or CodeExchangeState.Failed)
        {
            return Fail(Failure == CodeFailure.None ? CodeFailure.Malformed : Failure);
        }

        if (message.Length is <= HeaderLength or > MaxMessageLength)
        {
            return Fail(CodeFailure.Malformed);
        }

        if (message[0] != Version)
        {
            return Fail(CodeFailure.OtherVersion);
        }

        ReadOnlySpan<byte> body = message[HeaderLength..];
        CodeFailure failure = (State, message[1]) switch
        {
            (CodeExchangeState.AwaitingHello, HelloType) => HandleHello(body, out reply),
            (CodeExchangeState.AwaitingShare, ShareType) => HandleShare(body, out reply),
            (CodeExchangeState.AwaitingProof, ProofType) => HandleProof(body, out reply),
            (CodeExchangeState.AwaitingLink, LinkType) => HandleLink(body),
            _ => CodeFailure.Malformed,
        };
        return failure == CodeFailure.None || Fail(failure);
    }

    /// <summary>Begins at the side that invites.</summary>
    internal static CodeExchange Invite(InviteCode code, string self, CodeInvitation invitation, RoomLink link, byte[]? nonce = null, byte[]? scalar = null) =>
        new(code, self, invitation, link, nonce ?? RandomNumberGenerator.GetBytes(NonceLength), scalar ?? RandomNumberGenerator.GetBytes(CPace.ShareLength));

    /// <summary>Begins at the side that joins, with given randomness.</summary>
    internal static CodeExchange Join(InviteCode code, string self, byte[] nonce, byte[] scalar, out byte[] hello)
    {
        ArgumentNullException.ThrowIfNull(code);
        var exchange = new CodeExchange(code, self, null, null, nonce, scalar);
        hello = [Version, HelloType, .. Fields.Of(self), .. nonce];
        return exchange;
    }

    // AwaitingHello -> AwaitingProof
    private CodeFailure HandleHello(ReadOnlySpan<byte> body, out byte[] reply)
    {
        reply = [];
        if (body.Length != IdLength + NonceLength || !TryReadId(body, out _joiner))
        {
            return CodeFailure.Malformed;
        }

        if (_joiner == _self)
        {
            return CodeFailure.Reflected;
        }

        _inviter = _self;
        Begin(inviterNonce: _nonce, joinerNonce: body[IdLength..].ToArray());
        reply = [Version, ShareType, .. Fields.Of(_self), .. _nonce, .. _share];
        State = CodeExchangeState.AwaitingProof;
        return CodeFailure.None;
    }

    // AwaitingShare -> AwaitingLink
    private CodeFailure HandleShare(ReadOnlySpan<byte> body, out byte[] reply)
    {
        reply = [];
        if (body.Length != IdLength + NonceLength + CPace.ShareLength || !TryReadId(body, out _inviter))
        {
            return CodeFailure.Malformed;
        }

        if (_inviter == _self)
        {
            return CodeFailure.Reflected;
        }

        _joiner = _self;
        Begin(inviterNonce: body.Slice(IdLength, NonceLength).ToArray(), joinerNonce: _nonce);
        byte[] other = body[(IdLength + NonceLength)..].ToArray();
        if (Agree(other, inviterShare: other, joinerShare: _share) is var failure and not CodeFailure.None)
        {
            return failure;
        }

        _otherShare = other;
        reply = [Version, ProofType, .. _share, .. CPace.Confirmation(_session, _key, JoinerRole, _share, NoData)];
        State = CodeExchangeState.AwaitingLink;
        return CodeFailure.None;
    }

    // AwaitingProof -> Done
    private CodeFailure HandleProof(ReadOnlySpan<byte> body, out byte[] reply)
    {
        reply = [];
        if (body.Length != CPace.ShareLength + ConfirmationLength)
        {
            return CodeFailure.Malformed;
        }

        // Paid for before it is looked at: of proofs that come at the same time none is free.
        if (!_invitation!.TryCharge())
        {
            return CodeFailure.Ended;
        }

        byte[] other = body[..CPace.ShareLength].ToArray();
        CodeFailure failure = Agree(other, inviterShare: _share, joinerShare: other);
        if (failure == CodeFailure.None)
        {
            failure = IsProof(body[CPace.ShareLength..], JoinerRole, other) ? CodeFailure.None : CodeFailure.WrongCode;
        }

        if (failure == CodeFailure.None && !_invitation.TrySucceed())
        {
            failure = CodeFailure.Ended;
        }

        if (failure != CodeFailure.None)
        {
            return failure;
        }

        reply = [Version, LinkType, .. CPace.Confirmation(_session, _key, InviterRole, _share, NoData), .. SealLink(_link!)];
        State = CodeExchangeState.Done;
        Forget();
        return CodeFailure.None;
    }

    // AwaitingLink -> Done
    private CodeFailure HandleLink(ReadOnlySpan<byte> body)
    {
        if (body.Length <= ConfirmationLength + TagLength)
        {
            return CodeFailure.Malformed;
        }

        if (!IsProof(body[..ConfirmationLength], InviterRole, _otherShare))
        {
            return CodeFailure.WrongCode;
        }

        if (OpenLink(body[ConfirmationLength..]) is not { } link)
        {
            return CodeFailure.BadLink;
        }

        Link = link;
        State = CodeExchangeState.Done;
        Forget();
        return CodeFailure.None;
    }

    // Any state -> Failed
    private bool Fail(CodeFailure failure)
    {
        State = CodeExchangeState.Failed;
        Failure = failure;
        Forget();
        return false;
    }

    private void Begin(byte[] inviterNonce, byte[] joinerNonce)
    {
        _session = [.. inviterNonce, .. joinerNonce];
        byte[] channel = CPace.Concatenate(Fields.Of("egoat/2 code"), Fields.Of(_code.Slot.ToString(CultureInfo.InvariantCulture)), Fields.Of(_inviter), Fields.Of(_joiner));
        byte[] generator = CPace.Generator(_code.Password.Reveal(), channel, _session);
        _share = CPace.Share(_scalar, generator);
        CryptographicOperations.ZeroMemory(generator);
    }

    private CodeFailure Agree(byte[] other, byte[] inviterShare, byte[] joinerShare)
    {
        if (other.AsSpan().SequenceEqual(_share))
        {
            return CodeFailure.Reflected;
        }

        if (!CPace.TryAgree(_scalar, other, out byte[] point))
        {
            return CodeFailure.WeakShare;
        }

        _key = CPace.Key(_session, point, inviterShare, NoData, joinerShare, NoData);
        CryptographicOperations.ZeroMemory(point);
        return CodeFailure.None;
    }

    private bool IsProof(ReadOnlySpan<byte> proof, byte[] role, byte[] share) => CryptographicOperations.FixedTimeEquals(proof, CPace.Confirmation(_session, _key, role, share, NoData));

    private byte[] SealLink(RoomLink link)
    {
        byte[] plain = Encoding.UTF8.GetBytes(link.Reveal());
        var sealedLink = new byte[plain.Length + TagLength];
        byte[] derived = DeriveLinkKey();
        using var aes = new AesGcm(derived.AsSpan(0, KeyLength), TagLength);
        aes.Encrypt(derived.AsSpan(KeyLength), plain, sealedLink.AsSpan(0, plain.Length), sealedLink.AsSpan(plain.Length));
        CryptographicOperations.ZeroMemory(plain);
        CryptographicOperations.ZeroMemory(derived);
        return sealedLink;
    }

    private RoomLink? OpenLink(ReadOnlySpan<byte> sealedLink)
    {
        var plain = new byte[sealedLink.Length - TagLength];
        byte[] derived = DeriveLinkKey();
        try
        {
            using var aes = new AesGcm(derived.AsSpan(0, KeyLength), TagLength);
            aes.Decrypt(derived.AsSpan(KeyLength), sealedLink[..plain.Length], sealedLink[plain.Length..], plain);
            return RoomLink.TryParse(Encoding.UTF8.GetString(plain), out RoomLink? link, out _) ? link : null;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
            CryptographicOperations.ZeroMemory(derived);
        }
    }

    // Used for one message only, so that its nonce comes from the key as well.
    private byte[] DeriveLinkKey() => HKDF.DeriveKey(HashAlgorithmName.SHA512, _key, KeyLength + GcmNonceLength, salt: _session, info: Fields.Of("egoat/2 code link"));

    private void Forget()
    {
        CryptographicOperations.ZeroMemory(_scalar);
        CryptographicOperations.ZeroMemory(_key);
    }

    private static bool TryReadId(ReadOnlySpan<byte> body, out string id)
    {
        id = Encoding.Latin1.GetString(body[..IdLength]);
        return Base32.IsId(id);
    }
}
