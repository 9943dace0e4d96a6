namespace EGoat.WebRtc.Dtls;

/// <summary>Makes the cipher for a key of <see cref="RecordCipher.KeyLength"/> bytes, which the caller zeroes afterwards.</summary>
public delegate RecordCipher RecordCipherFactory(ReadOnlySpan<byte> key);
