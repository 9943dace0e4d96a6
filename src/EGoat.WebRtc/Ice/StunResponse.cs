using System.Text;
using EGoat.WebRtc.Stun;

namespace EGoat.WebRtc.Ice;

/// <summary>An answer to a connectivity check that waits to be sent (RFC 8445 section 7.3).</summary>
internal sealed record StunResponse(TransportAddress Local, TransportAddress Remote, StunTransactionId TransactionId, byte[] Key, int ErrorCode, string Reason, ushort UnknownAttribute)
{
    public static StunResponse Success(TransportAddress local, TransportAddress remote, StunTransactionId id, byte[] key) => new(local, remote, id, key, 0, "", 0);

    public static StunResponse Error(TransportAddress local, TransportAddress remote, StunTransactionId id, byte[] key, int code, string reason) =>
        new(local, remote, id, key, code, reason, 0);

    public static StunResponse UnknownAttributes(TransportAddress local, TransportAddress remote, StunTransactionId id, byte[] key, ushort attribute) =>
        new(local, remote, id, key, 420, "Unknown Attribute", attribute);

    public int Write(Span<byte> buffer)
    {
        StunClass @class = ErrorCode == 0 ? StunClass.SuccessResponse : StunClass.ErrorResponse;
        var writer = new StunMessageWriter(buffer, @class, StunMessage.BindingMethod, TransactionId);
        if (ErrorCode == 0)
        {
            writer.AddXorAddress(StunAttributeType.XorMappedAddress, Remote);
        }
        else
        {
            writer.AddErrorCode(ErrorCode, Encoding.ASCII.GetBytes(Reason));
        }

        if (UnknownAttribute != 0)
        {
            writer.AddUnknownAttribute(UnknownAttribute);
        }

        return writer.Finish(Key);
    }
}
