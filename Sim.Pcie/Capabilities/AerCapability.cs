using Sim.Pcie.Config;
using Sim.Pcie.Errors;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Capabilities;

/// <summary>Advanced Error Reporting Extended Capability (§7.8.4): registers, and the recording of headers (§6.2.4.2).</summary>
public sealed partial class AerCapability
{
    private readonly Queue<Record> _waiting = new();

    private AerCapability(ConfigSpace config, int offset, AerOptions options)
    {
        (Config, Offset, Options) = (config, offset, options);
        config.OnWrite(UncorrectableStatus, 4, DismissCleared);
        config.OnReset += kind =>
        {
            if (kind == ResetKind.Fundamental)
                _waiting.Clear();
        };
    }

    /// <summary>The space it is a view of.</summary>
    public ConfigSpace Config { get; }

    /// <summary>Offset of the capability.</summary>
    public int Offset { get; }

    /// <summary>What it was made with.</summary>
    public AerOptions Options { get; }

    /// <summary>Offset of Uncorrectable Error Status.</summary>
    public int UncorrectableStatus => Offset + 0x04;

    /// <summary>Offset of Uncorrectable Error Mask.</summary>
    public int UncorrectableMask => Offset + 0x08;

    /// <summary>Offset of Uncorrectable Error Severity.</summary>
    public int UncorrectableSeverity => Offset + 0x0C;

    /// <summary>Offset of Correctable Error Status.</summary>
    public int CorrectableStatus => Offset + 0x10;

    /// <summary>Offset of Correctable Error Mask.</summary>
    public int CorrectableMask => Offset + 0x14;

    /// <summary>Offset of Advanced Error Capabilities and Control.</summary>
    public int Control => Offset + 0x18;

    /// <summary>Offset of the Header Log.</summary>
    public int HeaderLog => Offset + 0x1C;

    /// <summary>Offset of Root Error Command.</summary>
    public int RootErrorCommand => Offset + 0x2C;

    /// <summary>Offset of Root Error Status.</summary>
    public int RootErrorStatus => Offset + 0x30;

    /// <summary>Offset of Error Source Identification.</summary>
    public int ErrorSource => Offset + 0x34;

    /// <summary>Offset of the TLP Prefix Log.</summary>
    public int TlpPrefixLog => Offset + 0x38;

    /// <summary>First Error Pointer: valid only while the status bit it names is set.</summary>
    public int FirstErrorPointer => (int)Config.Read(Control) & 0x1F;

    /// <summary>Whether the First Error Pointer names a set bit (§6.2.4.2).</summary>
    public bool FirstErrorPointerIsValid => Config.Bit(UncorrectableStatus, FirstErrorPointer);

    /// <summary>Control.ECRC Generation Enable.</summary>
    public bool EcrcGenerationEnabled => Config.Bit(Control, 6);

    /// <summary>Control.ECRC Check Enable.</summary>
    public bool EcrcCheckEnabled => Config.Bit(Control, 8);

    /// <summary>The recorded header, as a kernel log prints it.</summary>
    public TlpHeader LoggedHeader =>
        new(Config.Read(HeaderLog), Config.Read(HeaderLog + 4), Config.Read(HeaderLog + 8), Config.Read(HeaderLog + 12));

    /// <summary>Whether the error's bits exist in this Function.</summary>
    public bool Implements(PcieError error)
    {
        foreach (var implemented in Options.Errors)
            if (implemented == error)
                return !Options.VirtualFunction || ErrorTable.Of(error).FunctionSpecific;
        return false;
    }

    /// <summary>Sets the status bit of an unmasked uncorrectable error and records it: First Error Pointer, Header Log and TLP Prefix Log,
    /// at
    /// once if they are free, later where multiple headers are recorded (§6.2.4.2).</summary>
    /// <param name="error">The error.</param>
    /// <param name="tlp">The TLP, for errors whose header is logged.</param>
    /// <param name="prefixes">Its End-End TLP Prefixes, at most four DWs.</param>
    /// <returns>False on a Header Log Overflow: the header found no room.</returns>
    public bool TryRecord(ErrorFacts error, in TlpHeader? tlp, uint[]? prefixes)
    {
        var logsHeader = error.HeaderLogged || (error.Error == PcieError.CompletionTimeout && Options.CompletionTimeoutLog);
        var record = new Record(error.Bit, logsHeader ? tlp : null, logsHeader ? prefixes : null);
        var occupied = FirstErrorPointerIsValid;
        Config.HwSetBits(UncorrectableStatus, 4, error.Mask);
        if (!occupied)
        {
            Show(record);
            return true;
        }
        if (Config.Bit(Control, 10) && _waiting.Count + 1 < Options.HeaderRecords)
        {
            _waiting.Enqueue(record);
            return true;
        }
        return !logsHeader;
    }

    private void DismissCleared(ConfigWrite write)
    {
        var pointer = FirstErrorPointer;
        if ((write.Old >> pointer & 1) == 0 || (write.New >> pointer & 1) != 0)
            return;
        if (_waiting.TryDequeue(out var next))
        {
            Config.HwSetBits(UncorrectableStatus, 4, 1u << next.Bit);
            Show(next);
        }
        else
        {
            // Bit 0 is never set by hardware: the pointer is unmistakably invalid (§6.2.4.2, implementation note).
            SetControl(0, prefixPresent: false);
        }
    }

    private void Show(in Record record)
    {
        if (record.Tlp is { } tlp)
        {
            Config.HwSet(HeaderLog, 4, tlp.Dw0);
            Config.HwSet(HeaderLog + 4, 4, tlp.Dw1);
            Config.HwSet(HeaderLog + 8, 4, tlp.Dw2);
            Config.HwSet(HeaderLog + 12, 4, tlp.HeaderDwords == 4 ? tlp.Dw3 : 0);
        }
        var prefixPresent = Options.TlpPrefixLog && record.Prefixes is { Length: > 0 };
        for (var dword = 0; prefixPresent && dword < 4; dword++)
            Config.HwSet(TlpPrefixLog + 4 * dword, 4, dword < record.Prefixes!.Length ? record.Prefixes[dword] : 0);
        SetControl(record.Bit, prefixPresent);
    }

    private void SetControl(int pointer, bool prefixPresent) =>
        Config.HwSet(Control, 4, Config.Read(Control) & ~0x81Fu | (uint)pointer | (prefixPresent ? 1u << 11 : 0));

    private readonly record struct Record(int Bit, TlpHeader? Tlp, uint[]? Prefixes);
}
