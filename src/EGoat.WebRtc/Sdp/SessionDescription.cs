using System.Globalization;
using System.Text;
using EGoat.WebRtc.Dtls;
using EGoat.WebRtc.Ice;

namespace EGoat.WebRtc.Sdp;

/// <summary>
/// An offer or answer for data channels (RFC 8866, RFC 8841, RFC 8839, RFC 8842), read as browsers write it and written as
/// they read it. Unknown lines are ignored and never echoed; sections for media are kept as lines to reject.
/// </summary>
internal sealed record SessionDescription
{
    /// <summary>Longer descriptions are refused.</summary>
    public const int MaxLength = 64 * 1024;

    private const string DefaultProtocol = "UDP/DTLS/SCTP";
    private const string TcpProtocol = "TCP/DTLS/SCTP";

    /// <summary>
    /// Of drafts before RFC 8841: the format is the SCTP port, and <c>a=sctpmap</c> says what it is for. There are stacks that
    /// offer nothing else.
    /// </summary>
    private const string DraftProtocol = "DTLS/SCTP";
    private const string Format = "webrtc-datachannel";
    private const int DraftStreams = 65_535;
    private const int MaxSections = 32;
    private const int MaxFingerprints = 8;
    private const int MaxCandidates = 64;

    public IceCredentials? IceCredentials { get; init; }

    public IReadOnlyList<DtlsFingerprint> Fingerprints { get; init; } = [];

    public DtlsSetup Setup { get; init; }

    /// <summary>The transport protocol of the data section; an answer repeats the offer's (RFC 3264 section 6.1). Over TCP it is the same here.</summary>
    public string Protocol { get; init; } = DefaultProtocol;

    /// <summary>The media identification of the data section (RFC 5888); empty when the offer has none.</summary>
    public string Mid { get; init; } = "0";

    /// <summary>Whether the sections share one transport (RFC 9143), which one data section does anyhow.</summary>
    public bool HasBundleGroup { get; init; } = true;

    public ushort SctpPort { get; init; } = 5000;

    /// <summary>In bytes; 0: no limit (RFC 8841 section 6). Absent from a description it is 64 KiB.</summary>
    public long MaxMessageSize { get; init; } = 64 * 1024;

    /// <summary>The candidate lines, without <c>a=</c>.</summary>
    public IReadOnlyList<string> Candidates { get; init; } = [];

    public bool HasEndOfCandidates { get; init; }

    /// <summary>The peer answers checks and makes none (RFC 8445 section 2.5): this side controls.</summary>
    public bool IsIceLite { get; init; }

    /// <summary>All sections in order: the media word, and its mid; null stands for the data section.</summary>
    public IReadOnlyList<RejectedSection?> Sections { get; init; } = [null];

    /// <summary>Reads a description. False when it has no data section that could be used, with what is wrong.</summary>
    public static bool TryParse(string text, out SessionDescription description, out string error)
    {
        description = new SessionDescription();
        error = "";
        if (text.Length > MaxLength || !text.StartsWith("v=0", StringComparison.Ordinal))
        {
            error = "it is not a session description";
            return false;
        }

        var reader = new SectionReader();
        foreach (ReadOnlySpan<char> line in text.AsSpan().EnumerateLines())
        {
            reader.Read(line);
        }

        reader.End();
        if (reader.Data is not { } data)
        {
            error = $"it has no section '{DefaultProtocol} {Format}'";
            return false;
        }

        description = data with { Sections = reader.Sections, HasBundleGroup = reader.HasBundleGroup && data.Mid.Length > 0, IsIceLite = reader.IsIceLite };
        error = description switch
        {
            { IceCredentials: null } => "it has no valid ice-ufrag and ice-pwd",
            { Fingerprints: [] } => "it has no fingerprint of a certificate",
            _ => "",
        };
        return error.Length == 0;
    }

    /// <summary>Writes the description. Ports and addresses of lines that candidates replace are as RFC 8839 section 4.2.1.1 says.</summary>
    /// <param name="sessionId">The same for all descriptions of a connection.</param>
    /// <param name="version">One more for each (RFC 3264 section 8).</param>
    public string Write(ulong sessionId, int version)
    {
        var text = new StringBuilder();
        Line(text, "v=0");
        Line(text, string.Create(CultureInfo.InvariantCulture, $"o=- {sessionId & long.MaxValue} {version} IN IP4 127.0.0.1"));
        Line(text, "s=-");
        Line(text, "t=0 0");
        if (HasBundleGroup)
        {
            Line(text, $"a=group:BUNDLE {Mid}");
        }

        foreach (RejectedSection? section in Sections)
        {
            if (section is null)
            {
                WriteData(text);
            }
            else
            {
                Line(text, $"m={section.Media} 0 {section.Protocol} 0"); // port 0 refuses it (RFC 3264 section 6)
                Line(text, "c=IN IP4 0.0.0.0");
                Line(text, "a=inactive");
                if (section.Mid.Length > 0)
                {
                    Line(text, $"a=mid:{section.Mid}");
                }
            }
        }

        return text.ToString();
    }

    private void WriteData(StringBuilder text)
    {
        string format = Protocol == DraftProtocol ? SctpPort.ToString(CultureInfo.InvariantCulture) : Format;
        Line(text, $"m=application 9 {Protocol} {format}");
        Line(text, "c=IN IP4 0.0.0.0");
        foreach (string candidate in Candidates)
        {
            Line(text, $"a={candidate}");
        }

        if (HasEndOfCandidates)
        {
            Line(text, "a=end-of-candidates");
        }

        Line(text, $"a=ice-ufrag:{IceCredentials!.UsernameFragment}");
        Line(text, $"a=ice-pwd:{IceCredentials.Password}");
        Line(text, "a=ice-options:trickle ice2");
        foreach (DtlsFingerprint fingerprint in Fingerprints)
        {
            Line(text, $"a=fingerprint:{fingerprint}");
        }

        Line(text, $"a=setup:{Setup switch { DtlsSetup.ActPass => "actpass", DtlsSetup.Active => "active", _ => "passive" }}");
        if (Mid.Length > 0)
        {
            Line(text, $"a=mid:{Mid}");
        }

        Line(text, Protocol == DraftProtocol
            ? string.Create(CultureInfo.InvariantCulture, $"a=sctpmap:{SctpPort} {Format} {DraftStreams}")
            : string.Create(CultureInfo.InvariantCulture, $"a=sctp-port:{SctpPort}"));
        Line(text, string.Create(CultureInfo.InvariantCulture, $"a=max-message-size:{MaxMessageSize}"));
    }

    private static void Line(StringBuilder text, string line) => text.Append(line).Append("\r\n");

    /// <summary>A section that is not for data, and is refused.</summary>
    internal sealed record RejectedSection(string Media, string Protocol, string Mid);

    /// <summary>Collects the attributes of a section; those of the session count for every section (RFC 8866 section 5.13).</summary>
    private sealed class SectionReader
    {
        private readonly List<DtlsFingerprint> _fingerprints = [];
        private readonly List<DtlsFingerprint> _sessionFingerprints = [];
        private readonly List<string> _candidates = [];
        private string _sessionUfrag = "";
        private string _sessionPwd = "";
        private DtlsSetup? _sessionSetup;
        private bool _sessionHasEndOfCandidates;
        private string _ufrag = "";
        private string _pwd = "";
        private SessionDescription _section = new();
        private DtlsSetup? _setup;
        private string? _media;
        private string _protocol = "";
        private string _format = "";
        private bool _isData;

        public List<RejectedSection?> Sections { get; } = [];

        public SessionDescription? Data { get; private set; }

        public bool HasBundleGroup { get; private set; }

        public bool IsIceLite { get; private set; }

        public void Read(ReadOnlySpan<char> line)
        {
            if (line.StartsWith("m=", StringComparison.Ordinal))
            {
                End();
                Begin(line[2..].ToString().Split(' '));
            }
            else if (line.StartsWith("a=", StringComparison.Ordinal))
            {
                int colon = line.IndexOf(':');
                ReadOnlySpan<char> name = colon < 0 ? line[2..] : line[2..colon];
                ReadAttribute(name, colon < 0 ? "" : line[(colon + 1)..].Trim(), line[2..]);
            }
        }

        public void End()
        {
            if (_media is null || Sections.Count >= MaxSections)
            {
                (_sessionUfrag, _sessionPwd, _sessionSetup) = (_ufrag, _pwd, _setup);
                _sessionHasEndOfCandidates = _section.HasEndOfCandidates;
                _sessionFingerprints.AddRange(_fingerprints);
                return;
            }

            if (!_isData || Data is not null)
            {
                Sections.Add(new RejectedSection(_media, _protocol, _section.Mid));
                return;
            }

            Sections.Add(null);
            string ufrag = _ufrag.Length > 0 ? _ufrag : _sessionUfrag;
            string pwd = _pwd.Length > 0 ? _pwd : _sessionPwd;
            Data = _section with
            {
                IceCredentials = WebRtc.Ice.IceCredentials.AreValid(ufrag, pwd) ? new IceCredentials(ufrag, pwd) : null,
                Fingerprints = [.. _fingerprints.Count > 0 ? _fingerprints : _sessionFingerprints],
                Setup = _setup ?? _sessionSetup ?? DtlsSetup.ActPass,
                Candidates = [.. _candidates],
                HasEndOfCandidates = _section.HasEndOfCandidates || _sessionHasEndOfCandidates,
                Protocol = _protocol,
            };
        }

        private void Begin(string[] words)
        {
            _media = words[0];
            _protocol = words.Length > 2 ? words[2] : DefaultProtocol;
            _format = words.Length > 3 && words[0] == "application" && words[1] != "0" ? words[3] : "";
            _isData = _protocol is DefaultProtocol or TcpProtocol && _format == Format;
            _section = new SessionDescription { Mid = "" };
            (_ufrag, _pwd, _setup) = ("", "", null);
            _fingerprints.Clear();
            _candidates.Clear();
        }

        private void ReadAttribute(ReadOnlySpan<char> name, ReadOnlySpan<char> value, ReadOnlySpan<char> whole)
        {
            switch (name)
            {
                case "group" when value.StartsWith("BUNDLE", StringComparison.Ordinal):
                    HasBundleGroup = true;
                    break;
                case "ice-lite":
                    IsIceLite = true;
                    break;
                case "ice-ufrag":
                    _ufrag = value.ToString();
                    break;
                case "ice-pwd":
                    _pwd = value.ToString();
                    break;
                case "fingerprint" when _fingerprints.Count < MaxFingerprints && DtlsFingerprint.TryParse(value, out DtlsFingerprint fingerprint):
                    _fingerprints.Add(fingerprint);
                    break;
                case "setup":
                    _setup = value switch { "active" => DtlsSetup.Active, "passive" => DtlsSetup.Passive, _ => DtlsSetup.ActPass };
                    break;
                case "mid" when value.Length <= 64:
                    _section = _section with { Mid = value.ToString() };
                    break;
                case "sctp-port" when ushort.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) && port != 0:
                    _section = _section with { SctpPort = port };
                    break;
                case "sctpmap" when _protocol == DraftProtocol:
                    ReadSctpMap(value);
                    break;
                case "max-message-size" when long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long size):
                    _section = _section with { MaxMessageSize = size };
                    break;
                case "candidate" when _candidates.Count < MaxCandidates:
                    _candidates.Add(whole.ToString());
                    break;
                case "end-of-candidates":
                    _section = _section with { HasEndOfCandidates = true };
                    break;
                default:
                    break;
            }
        }

        // sctpmap:5000 webrtc-datachannel 1024
        private void ReadSctpMap(ReadOnlySpan<char> value)
        {
            int space = value.IndexOf(' ');
            if (space > 0 && value[..space].SequenceEqual(_format) && ushort.TryParse(_format, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) && port != 0
                && value[(space + 1)..] is var rest && (rest.SequenceEqual(Format) || rest.StartsWith($"{Format} ", StringComparison.Ordinal)))
            {
                _isData = true;
                _section = _section with { SctpPort = port };
            }
        }
    }
}
