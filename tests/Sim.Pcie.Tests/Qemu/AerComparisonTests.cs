using System.Buffers.Binary;
using NUnit.Framework;
using Sim.Pcie.Errors;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Tests.Qemu;

/// <summary>A thousand random cases of error, severity, masks and enables: the registers of the reporter, of the bridges above and of the
/// Root Port afterwards, beside QEMU's.</summary>
public sealed class AerComparisonTests
{
    private const int Cases = 1000;
    private const int Command = 0x04;
    private const int Status = 0x06;
    private const int BridgeControl = 0x3E;
    private const uint Serr = 0x100;

    // Errors that QEMU and our ports and endpoints have.
    private static readonly PcieError[] Errors =
    [
        PcieError.ReceiverError, PcieError.BadTlp, PcieError.BadDllp, PcieError.ReplayNumRollover, PcieError.ReplayTimerTimeout,
        PcieError.CorrectedInternal, PcieError.DataLinkProtocol, PcieError.SurpriseDown, PcieError.PoisonedTlpReceived,
        PcieError.FlowControlProtocol, PcieError.CompletionTimeout, PcieError.CompleterAbort, PcieError.UnexpectedCompletion,
        PcieError.ReceiverOverflow, PcieError.MalformedTlp, PcieError.EcrcCheckFailed, PcieError.UnsupportedRequest,
        PcieError.AcsViolation, PcieError.UncorrectableInternal, PcieError.AtomicOpEgressBlocked,
    ];

    private static readonly uint Uncorrectable = MaskOf(correctable: false);
    private static readonly uint Correctable = MaskOf(correctable: true) | 1u << ErrorTable.AdvisoryNonFatalBit;

    private static readonly (string Name, string[] Above)[] Reporters =
    [
        ("rp0", []), ("rp1", []), ("up", ["rp0"]), ("d0", ["up", "rp0"]), ("d1", ["up", "rp0"]), ("d2", ["up", "rp0"]),
        ("rng", ["d2", "up", "rp0"]),
    ];

    [Test]
    public void AER_root_and_bridge_registers_after_random_errors() => Comparison.Hold("aer", Play);

    private static uint MaskOf(bool correctable) =>
        Errors.Where(e => ErrorTable.Of(e).IsCorrectable == correctable).Aggregate(0u, (mask, e) => mask | ErrorTable.Of(e).Mask);

    private static IEnumerable<string> Play(IBoard board)
    {
        var random = new Random(20261128);
        var places = Board.Functions.Where(f => f.Name is not ("shm" or "nic0" or "nic1"))
            .ToDictionary(f => f.Name, f => new Place(board, f));
        foreach (var place in places.Values) place.Clear();
        for (var number = 0; number < Cases; number++)
        {
            var (name, above) = Reporters[random.Next(Reporters.Length)];
            var subject = places[name];
            subject.SetUp(random);
            foreach (var bridge in above) places[bridge].SetUpBridge(random);
            var injected = new List<string>();
            for (var count = random.Next(1, 4); count > 0; count--)
            {
                var (error, header, advisory) = Pick(random);
                injected.Add(ErrorTable.Of(error).KernelName + (advisory ? "*" : ""));
                if (!ErrorTable.Of(error).IsCorrectable) subject.Detected++;
                board.Inject(name, error, header, advisory);
            }

            var line = $"{number} {name} {string.Join('+', injected)}: {subject.Observe()}";
            if (subject.ReportsAsQemu)
            {
                foreach (var bridge in above) line += $" | {bridge} {places[bridge].ObserveBridge()}";
                line += $" | {places[above.LastOrDefault() ?? name].ObserveRoot()}";
            }

            yield return line;
            subject.Clear();
            foreach (var bridge in above) places[bridge].Clear();
        }
    }

    private static (PcieError Error, TlpHeader? Header, bool Advisory) Pick(Random random)
    {
        var error = Errors[random.Next(Errors.Length)];
        var facts = ErrorTable.Of(error);
        var always = (facts.Advisory & AdvisoryCases.Always) != 0;
        var advisory = always || (facts.Advisory != AdvisoryCases.None && random.Next(2) == 0);
        var address = (uint)random.Next(1 << 28) << 2;
        var requester = (uint)random.Next(1 << 16) << 16;
        TlpHeader? header = !facts.HeaderLogged ? null
            : always ? new TlpHeader(0x4A00_0001, requester | 4, address)
            : advisory && (facts.Advisory & AdvisoryCases.TolerantReceiver) == 0 ? new TlpHeader(0x0000_0001, requester | 0xF, address)
            : new TlpHeader(0x6000_0001, requester | 0xF, 1, address);
        return (error, header, advisory);
    }

    /// <summary>One Function's error registers. What is not looked at, because QEMU 7.2 departs there, stands in DEVIATIONS.md.</summary>
    private sealed class Place(IBoard board, (string Name, RoutingId Id) function)
    {
        private readonly int _express = Board.Find(board, function.Id, "exp")!.Value;
        private readonly int _aer = Board.Find(board, function.Id, "aer")!.Value;
        private bool _recordsSeveral;

        /// <summary>Uncorrectable errors since the last <see cref="Clear"/>.</summary>
        public int Detected { get; set; }

        /// <summary>QEMU sends a Message only where SERR# Enable and the reporting enable are both set; so do we where both are, or
        /// neither.</summary>
        public bool ReportsAsQemu { get; private set; }

        private bool IsPort => function.Name != "rng";

        public void SetUp(Random random)
        {
            var (serr, enables) = random.Next(4) switch
            {
                0 => (false, 0u),
                1 => (random.Next(2) == 0, (uint)random.Next(16)),
                _ => (true, 0xFu),
            };
            ReportsAsQemu = serr == (enables == 0xF) && (serr || enables == 0);
            Write(_express + 8, 2, enables);
            Write(Command, 2, serr ? Serr : 0);
            Write(_aer + 0x0C, 4, (uint)random.Next() & Uncorrectable);
            Write(_aer + 0x14, 4, (uint)random.Next() & (uint)random.Next() & Correctable);
            if (IsPort) Write(BridgeControl, 2, 2);
            _recordsSeveral = random.Next(2) == 0 && IsPort;
            Write(_aer + 0x18, 4, _recordsSeveral ? 0x400u : 0);
        }

        public void SetUpBridge(Random random)
        {
            var silent = random.Next(8) == 0;
            Write(_express + 8, 2, silent ? 0u : 0xF);
            Write(Command, 2, silent ? 0 : Serr);
            Write(BridgeControl, 2, random.Next(8) == 0 ? 0u : 2);
        }

        public string Observe()
        {
            var overflows = Detected > 1 && !_recordsSeveral;
            var text = $"dev {Read(_express + 0xA, 2) & (overflows ? 0xEu : 0xF):x} sse {Read(Status, 2) >> 14 & 1} "
                + $"unc {Read(_aer + 4, 4) & Uncorrectable:x} cor {Read(_aer + 0x10, 4) & Correctable:x}";
            if (overflows) return text;
            text += Recorded();
            for (var next = 1; next < Detected; next++)
            {
                // The next recorded header comes when the bit that the First Error Pointer names is cleared (§6.2.4.2).
                Write(_aer + 4, 4, 1u << (int)(Read(_aer + 0x18, 4) & 0x1F));
                text += $" then{Recorded()}";
            }

            return text;
        }

        public string ObserveBridge() => $"dev {Read(_express + 0xA, 2) & 0xF:x} sse {Read(Status, 2) >> 14 & 1}";

        public string ObserveRoot()
        {
            var status = Read(_aer + 0x30, 4) & 0x7C;
            return $"root {status:x} source {((status & 4) != 0 ? $"{Read(_aer + 0x34, 4) >> 16:x4}" : "-")}";
        }

        public void Clear()
        {
            Detected = 0;
            Write(_express + 0xA, 2, 0xF);
            Write(Status, 2, 0xF900);
            Write(_aer + 8, 4, 0);
            for (var again = 0; again < 4; again++) Write(_aer + 4, 4, uint.MaxValue);
            Write(_aer + 0x10, 4, uint.MaxValue);
            if (function.Id.Bus == 0) Write(_aer + 0x30, 4, 0x7F);
        }

        private string Recorded()
        {
            var pointer = (int)Read(_aer + 0x18, 4) & 0x1F;
            var first = (Read(_aer + 4, 4) >> pointer & 1) != 0 ? ErrorTable.Uncorrectable(pointer) : null;
            if (first is not { HeaderLogged: true }) return $" fep {first?.KernelName ?? "-"}";
            return $" fep {first.KernelName} log {string.Join('.', Enumerable.Range(0, 4).Select(LogDword))}";
        }

        private string LogDword(int index)
        {
            var value = Read(_aer + 0x1C + 4 * index, 4);
            return $"{(board.SwapsHeaderLog ? BinaryPrimitives.ReverseEndianness(value) : value):x}";
        }

        private uint Read(int offset, int size) => board.ReadConfig(function.Id, offset, size);

        private void Write(int offset, int size, uint value) => board.WriteConfig(function.Id, offset, size, value);
    }
}
