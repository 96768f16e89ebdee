using Scenarios.Language;

namespace Scenarios.Model;

/// <summary>Somebody puts a TLP on the wire, as an exerciser in a slot does.</summary>
public sealed class SendTlpEntry : TimelineEntry
{
    [Key("from", "Who transmits: cpu (the Root Port whose window claims the address), a Root Port or Downstream Port (switch.port), which "
        + "send down, or a switch or a Function, which send up.", Required = true)]
    public Reference From { get; private set; }

    [Key("type", "What kind of request; its fields follow from the keys beside.")]
    public RequestKind Type { get; private set; } = RequestKind.MWr;

    [Key("to", "The address: a number, or a place in a BAR like nic.bar0+0x10.")]
    public DmaPlace? To { get; private set; }

    [Key("bytes", "Bytes that it reads or writes: 1B to 4KiB; the operand of an AtomicOp: 4B or 8B.")]
    public ByteSize Bytes { get; private set; } = new(4);

    [Key("value", "What is written, from the lowest byte on; further bytes are 0.")]
    public ulong Value { get; private set; }

    [Key("requester", "Whose Requester ID it bears; by default that of who transmits, and the CPU's from a port above.")]
    public Reference? Requester { get; private set; }

    [Key("address_type", "AT field (§2.2.4.1).")]
    public TlpAddressType AddressType { get; private set; } = TlpAddressType.Untranslated;

    [Key("relaxed", "Relaxed Ordering attribute.")]
    public bool Relaxed { get; private set; }

    [Key("poisoned", "EP bit: the payload is known to be bad (§2.7.2).")]
    public bool Poisoned { get; private set; }

    [Key("dws", "The whole TLP in place of these keys, as DWs in hexadecimal: prefixes, header, payload; right or wrong.")]
    public string Dws { get; private set; } = "";
}

public enum RequestKind
{
    [Word("MWr", "Memory Write, posted")] MWr,
    [Word("MRd", "Memory Read")] MRd,
    [Word("FetchAdd", "AtomicOp: fetch and add")] FetchAdd,
    [Word("Swap", "AtomicOp: unconditional swap")] Swap,
    [Word("CAS", "AtomicOp: compare and swap")] CompareAndSwap,
}

public enum TlpAddressType
{
    [Word("untranslated", "an address that the translation agent has to translate")] Untranslated,
    [Word("translation-request", "a Translation Request")] TranslationRequest,
    [Word("translated", "an address that the Function had translated before (ATS)")] Translated,
}

/// <summary>ACS mechanisms as a script enables them.</summary>
public enum AcsMechanism
{
    [Word("absent", "alone: the port has no ACS capability")] Absent,
    [Word("none", "alone: the port has the capability, and nothing in it is enabled")] None,
    [Word("source-validation", "a request's Requester ID must lie below the port")] SourceValidation,
    [Word("translation-blocking", "requests with a translated address are blocked")] TranslationBlocking,
    [Word("request-redirect", "requests to a peer go up to the Root Complex")] RequestRedirect,
    [Word("completion-redirect", "completions to a peer go up, unless they are relaxed")] CompletionRedirect,
    [Word("upstream-forwarding", "what targets the side it came from goes up")] UpstreamForwarding,
    [Word("egress-control", "requests to the ports of 'blocks' are blocked, or redirected with request-redirect")] EgressControl,
    [Word("direct-translated", "translated requests go to a peer directly")] DirectTranslated,
}

/// <summary>What the Root Complex does with requests between Root Ports.</summary>
public enum RootPeers
{
    [Word("forward", "they are forwarded unchanged")] Forward,
    [Word("resegment", "the Root Port they leave by issues requests of its own, reads cut at the Read Completion Boundary")] Resegment,
    [Word("unsupported-request", "they are Unsupported Requests at the Root Port they came in by")] UnsupportedRequest,
}

/// <summary>What the kernel does with ACS when there is an IOMMU.</summary>
public enum KernelAcs
{
    [Word("isolate", "Source Validation, P2P redirects and Upstream Forwarding wherever implemented, as Linux does at boot")] Isolate,
    [Word("no-redirect", "Source Validation and Upstream Forwarding alone, as with pci=disable_acs_redir for every device")] NoRedirect,
    [Word("as-found", "nothing: what reset or firmware left")] AsFound,
}
