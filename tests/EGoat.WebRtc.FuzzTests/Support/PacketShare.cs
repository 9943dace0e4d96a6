namespace EGoat.WebRtc.FuzzTests.Support;

/// <summary>How many packets each test feeds in the normal run.</summary>
internal static class PacketShare
{
    public const int StunParser = 12_000;
    public const int SctpParser = 12_000;
    public const int DtlsParser = 12_000;
    public const int DcepParser = 6_000;
    public const int TextParsers = 8_000;
    public const int SctpStates = 110_000;
    public const int DtlsStates = 12_000;
    public const int Ice = 18_000;
    public const int Connections = 12_000;

    public const int Total = StunParser + SctpParser + DtlsParser + DcepParser + TextParsers + SctpStates + DtlsStates + Ice + Connections;
}
