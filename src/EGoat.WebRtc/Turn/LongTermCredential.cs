using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using EGoat.WebRtc.Stun;

namespace EGoat.WebRtc.Turn;

/// <summary>What proves to a TURN server who asks (RFC 8489 section 9.2): user name and password, and the server's realm and nonce.</summary>
internal sealed class LongTermCredential(string username, string password)
{
    /// <summary>RFC 8489 sections 14.9 and 14.10: realm and nonce have fewer than 128 characters, which may take 763 bytes.</summary>
    private const int MaxAttributeLength = 763;

    /// <summary>RFC 8489 section 14.3: USERNAME has fewer than 509 bytes.</summary>
    private const int MaxUsernameLength = 508;

    private readonly byte[] _username = Encoding.UTF8.GetBytes(username);
    private byte[] _realm = [];
    private byte[] _nonce = [];

    /// <summary>The key of MESSAGE-INTEGRITY; empty until the server has told its realm.</summary>
    public byte[] Key { get; private set; } = [];

    /// <summary>Whether the user name fits into a request.</summary>
    public bool IsUsable => _username.Length <= MaxUsernameLength;

    /// <summary>Takes realm and nonce from a 401 or 438. False when they are not usable.</summary>
    [SuppressMessage("Security", "CA5351:Do Not Use Broken Cryptographic Algorithms", Justification = "RFC 8489 section 9.2.2 prescribes MD5 for the key of servers that name no other algorithm.")]
    public bool TryUpdate(in StunMessage error)
    {
        if (!error.TryGetAttribute(StunAttributeType.Nonce, out ReadOnlySpan<byte> nonce) || nonce.Length > MaxAttributeLength)
        {
            return false;
        }

        if (error.TryGetAttribute(StunAttributeType.Realm, out ReadOnlySpan<byte> realm) && realm.Length <= MaxAttributeLength)
        {
            _realm = realm.ToArray();
        }

        _nonce = nonce.ToArray();
        Key = MD5.HashData([.. _username, (byte)':', .. _realm, (byte)':', .. Encoding.UTF8.GetBytes(password)]);
        return _realm.Length > 0;
    }

    /// <summary>Whether the server names another realm than before.</summary>
    public bool IsOfAnotherRealm(in StunMessage error) => error.TryGetAttribute(StunAttributeType.Realm, out ReadOnlySpan<byte> realm) && !realm.SequenceEqual(_realm);

    /// <summary>Forgets what the server has told; it will be asked without a credential first.</summary>
    public void Forget() => _realm = _nonce = Key = [];

    /// <summary>Adds the credential, if the server has asked for one, and finishes the message.</summary>
    public int Finish(ref StunMessageWriter writer)
    {
        if (Key.Length == 0)
        {
            return writer.Finish();
        }

        writer.Add(StunAttributeType.Username, _username);
        writer.Add(StunAttributeType.Realm, _realm);
        writer.Add(StunAttributeType.Nonce, _nonce);
        return writer.Finish(Key);
    }
}
