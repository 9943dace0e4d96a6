namespace EGoat.Testing;

/// <summary>The NATs of RFC 3489 section 5, in the words of RFC 4787: how they map, and what they let in.</summary>
public enum SimulatedNatType
{
    /// <summary>Endpoint-independent mapping and filtering: who knows the mapping reaches the host.</summary>
    FullCone,

    /// <summary>Endpoint-independent mapping, address-dependent filtering.</summary>
    AddressRestricted,

    /// <summary>Endpoint-independent mapping, address- and port-dependent filtering.</summary>
    PortRestricted,

    /// <summary>Address- and port-dependent mapping and filtering: each remote address sees another port.</summary>
    Symmetric,
}
