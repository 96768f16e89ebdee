using Sim.Core;
using Sim.Pcie.Transactions;

namespace Benchmarks;

/// <summary>TLPs of many types decoded one after the other; an "event" is a decode. The check is the number of well-formed ones.</summary>
internal sealed class TlpDecodeWorkload : IWorkload
{
    public string Name => "tlp-decode";

    public string Usage => "tlp-decode DECODES=2e7";

    public IPreparedRun Prepare(IReadOnlyList<long> numbers, EventQueueKind queue) =>
        new Decoding(numbers.ElementAtOrDefault(0, 20_000_000));

    public IReadOnlyList<long> WarmUp(IReadOnlyList<long> numbers) => [2_000_000];

    private sealed class Decoding(long decodes) : IPreparedRun
    {
        private static readonly uint[][] Tlps =
        [
            [0x20002080, 0x190001FF, 0x00000001, 0x90000000],                         // MRd
            [0x40000001, 0x1B02000F, 0xFEE00000, 0x00000041],                         // MWr, an MSI
            [0x60001004, 0x030000FF, 0x0000007D, 0xFE7EB000, 1, 2, 3, 4],             // MWr
            [0x4A000002, 0x01000008, 0x1B020500, 0x12345678, 0x9ABCDEF0],             // CplD
            [0x0A000000, 0x01002004, 0x1B020500],                                     // Cpl, UR
            [0x04000001, 0x0000010F, 0x1B020FF4],                                     // CfgRd0
            [0x30000000, 0x1B020031, 0x00000000, 0x00000000],                         // ERR_NONFATAL
            [0x91000123, 0x6C000001, 0x1B020600, 0x00000012, 0x00001000, 0x00000001], // FetchAdd with a PASID
        ];

        public RunResult Run()
        {
            long wellFormed = 0, dwords = 0;
            for (long i = 0; i < decodes; i++)
            {
                if (TlpCodec.TryDecode(Tlps[i & 7], out var tlp, out _))
                    (wellFormed, dwords) = (wellFormed + 1, dwords + tlp.Header.LengthDw);
            }
            return new(decodes, decodes, wellFormed, dwords);
        }
    }
}
