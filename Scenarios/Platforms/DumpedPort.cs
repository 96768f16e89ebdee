using Scenarios.Language;
using Sim.Pcie.Capabilities;
using Sim.Pcie.Config;
using Sim.Pcie.Links;
using Sim.Pcie.Spec;
using Sim.Pcie.Topology;

namespace Scenarios.Platforms;

/// <summary>
/// A Root Port as the dump of a real machine shows it. What the dump does not hold (it may end after 64 or 256 bytes) keeps the defaults of
/// the simulator's own Root Port, and <see cref="Notes"/> says so.
/// </summary>
internal sealed class DumpedPort
{
    private const int WithoutExtended = ConfigSpace.ConventionalSize;
    private const uint ReadRequestAndAttributes = 0x7810;
    private const uint RetryVisibilityAndPme = 0x18;
    private const uint CompletionTimeout = 0x1F;

    private readonly byte[] _image;
    private readonly List<DumpedRegister> _registers = [];
    private readonly List<string> _notes = [];
    private readonly List<string> _summary = [];

    /// <param name="file">The dump.</param>
    /// <param name="function">The port in it.</param>
    /// <param name="below">The Function below the port whose Max_Read_Request_Size stands for all; null if the dump has none.</param>
    public DumpedPort(string file, LspciFunction function, LspciFunction? below)
    {
        (File, Function, _image) = (Path.GetFileName(file), function, function.Image);
        Options = new RootPortOptions { VendorId = (ushort)U16(0x00), DeviceId = (ushort)U16(0x02), RevisionId = _image[0x08] };
        Note("Command", 0x04, 2, RegisterUse.LeftToHost);
        Note("Bridge Control", 0x3E, 2, RegisterUse.LeftToHost);
        var express = function.FindCapability(CapabilityId.PciExpress);
        if (express != 0) ReadExpress(express, below);
        else _notes.Add($"{Holds}: link, payload sizes, Completion Timeout, AER, ACS and DPC are those of the simulator's own Root Port");
        if (_image.Length > WithoutExtended) ReadExtended();
        else if (express != 0) _notes.Add($"{Holds}: AER, ACS and DPC are those of the simulator's own Root Port");
    }

    /// <summary>Name of the dump, without its folder: a run does not say where it was made.</summary>
    public string File { get; }

    public LspciFunction Function { get; }

    /// <summary>The port in the dump's own words: <c>00:02.0 of xeon.txt</c>.</summary>
    public string Place => $"{Function.Id} of {File}";

    /// <summary>What the simulated port is made of.</summary>
    public RootPortOptions Options { get; private set; }

    /// <summary>The fastest and widest link that it trains; null if the dump does not hold it.</summary>
    public LinkShape? Link { get; private set; }

    /// <summary>Max_Payload_Size in force, for the whole hierarchy; null if the dump does not hold it.</summary>
    public int? MaxPayloadSize { get; private set; }

    /// <summary>Max_Read_Request_Size in force below the port; null if the dump does not hold it.</summary>
    public int? MaxReadRequestSize { get; private set; }

    /// <summary>The registers in the order of their offsets.</summary>
    public IReadOnlyList<DumpedRegister> Registers => _registers;

    /// <summary>What the dump could not say.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>Which port it is and what it is like, in a line.</summary>
    public string Summary => $"Root Port {Function.Id} [{Options.VendorId:x4}:{Options.DeviceId:x4}] of {File}"
        + (_summary.Count == 0 ? "" : $": {string.Join(", ", _summary)}");

    private string Holds => $"the dump holds {_image.Length} bytes of {Function.Id}";

    private void ReadExpress(int at, LspciFunction? below)
    {
        var version = U16(at + 0x02) & 0xF;
        var (capabilities, link) = (U32(at + 0x04), U32(at + 0x0C));
        var supported = 128 << (int)Math.Min(capabilities & 7, 5);
        var boundary = (U16(at + 0x10) & 8) != 0 ? 128 : 64;
        Options = Options with
        {
            MaxPayloadSupported = supported,
            ReadCompletionBoundary = boundary,
            ExtendedTag = Bit(capabilities, 5),
            RoleBasedErrorReporting = Bit(capabilities, 15),
            SurpriseDownReporting = Bit(link, 19),
            LinkActiveReporting = Bit(link, 20),

            // Version 1 of the capability ends before these (§7.5.3.2).
            CompletionTimeoutRanges = version < 2 ? 0 : (int)U32(at + 0x24) & 0xF,
            CompletionTimeoutDisable = version >= 2 && Bit(U32(at + 0x24), 4),
            AriForwarding = version >= 2 && Bit(U32(at + 0x24), 5),
        };
        Note("Device Capabilities", at + 0x04, 4, RegisterUse.Announced);
        Note("Device Control", at + 0x08, 2, RegisterUse.Written, ReadRequestAndAttributes);
        Note("Link Capabilities", at + 0x0C, 4, RegisterUse.Announced);
        Note("Root Control", at + 0x1C, 2, RegisterUse.Written, RetryVisibilityAndPme);
        if (version >= 2)
        {
            Note("Device Capabilities 2", at + 0x24, 4, RegisterUse.Announced);
            Note("Device Control 2", at + 0x28, 2, RegisterUse.Written, CompletionTimeout);
        }

        ReadLink(link, version < 2 ? 0 : (int)U16(at + 0x30) & 0xF);
        MaxPayloadSize = PayloadOf(U16(at + 0x08) >> 5);
        _summary.Add($"Max_Payload_Size {MaxPayloadSize} B of {supported}");
        if (below is not null && below.FindCapability(CapabilityId.PciExpress) is not 0 and var other)
        {
            MaxReadRequestSize = PayloadOf((uint)(below.Image[other + 9] >> 4));
            _summary.Add($"Max_Read_Request_Size {MaxReadRequestSize} B as {below.Id} has it");
        }

        _summary.Add($"RCB {boundary} B");
    }

    private void ReadLink(uint capabilities, int target)
    {
        var (speed, width) = ((LinkSpeed)(capabilities & 0xF), (LinkWidth)(capabilities >> 4 & 0x3F));
        if (!Enum.IsDefined(speed) || !Enum.IsDefined(width))
        {
            _notes.Add($"Link Capabilities {capabilities:x8}h of {Function.Id} name no known speed and width: the script's link stays");
            return;
        }

        Options = Options with { MaxLinkSpeed = speed, MaxLinkWidth = width };
        var limit = target >= 1 && target < (int)speed ? target : (int)speed;
        Link = new LinkShape(limit, (int)width);
        _summary.Add(limit < (int)speed ? $"{Link} (Target Link Speed; capable of gen{(int)speed})" : $"{Link}");
    }

    private void ReadExtended()
    {
        var aer = Function.FindExtendedCapability(ExtendedCapabilityId.AdvancedErrorReporting);
        var acs = Function.FindExtendedCapability(ExtendedCapabilityId.AccessControlServices);
        var dpc = Function.FindExtendedCapability(ExtendedCapabilityId.DownstreamPortContainment);
        Options = Options with { Aer = aer != 0, Acs = acs != 0, Dpc = dpc != 0 };
        if (aer != 0)
        {
            Options = Options with { Ecrc = (U32(aer + 0x18) & 0xA0) != 0 };
            Note("Uncorrectable Error Mask", aer + 0x08, 4, RegisterUse.Written);
            Note("Uncorrectable Error Severity", aer + 0x0C, 4, RegisterUse.Written);
            Note("Correctable Error Mask", aer + 0x14, 4, RegisterUse.Written);
            Note("Root Error Command", aer + 0x2C, 4, RegisterUse.LeftToHost);
        }

        if (acs != 0)
        {
            // P2P Egress Control would need its vector; no Root Port here routes between peers by ACS.
            var supported = (AcsFeatures)(U16(acs + 0x04) & 0x7F) & ~AcsFeatures.EgressControl;
            Options = Options with { AcsSupported = supported };
            Note("ACS Capability", acs + 0x04, 2, RegisterUse.Announced);
            Note("ACS Control", acs + 0x06, 2, RegisterUse.Written);
        }

        if (dpc != 0)
        {
            Options = Options with { DpcRootPortExtensions = Bit(U16(dpc + 0x04), 5) };
            Note("DPC Capability", dpc + 0x04, 2, RegisterUse.Announced);
            Note("DPC Control", dpc + 0x06, 2, RegisterUse.LeftToHost);
        }

        _summary.AddRange([aer != 0 ? "AER" : "no AER", acs != 0 ? $"ACS {U16(acs + 4):x2}h set to {U16(acs + 6):x2}h" : "no ACS"]);
        _summary.Add(dpc != 0 ? "DPC" : "no DPC");
    }

    private void Note(string name, int offset, int bytes, RegisterUse use, uint mask = uint.MaxValue) =>
        _registers.Add(new DumpedRegister(name, bytes, bytes == 2 ? U16(offset) : U32(offset), use, mask));

    // Whatever a dump says, nothing behind its end is read.
    private uint U16(int offset) => offset + 2 <= _image.Length ? _image[offset] | (uint)_image[offset + 1] << 8 : 0;

    private uint U32(int offset) => U16(offset) | U16(offset + 2) << 16;

    private static bool Bit(uint value, int bit) => (value >> bit & 1) != 0;

    private static int PayloadOf(uint code) => 128 << (int)Math.Min(code & 7, 5);
}
