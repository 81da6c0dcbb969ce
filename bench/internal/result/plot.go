package result

import (
	"cmp"
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
)

// Plots writes the plots into a directory: dump.svg, what a message of a dump costs, by the number of routes; memory.svg,
// the peak memory, likewise; and ratios.svg, each workload as a share of C.
func (r *Report) Plots(dir string) error {
	best := func(_ Series, row Row) float64 { return row.Best() }
	peak := func(_ Series, row Row) float64 { return float64(row.Peak) / 1024 }
	if err := r.bySize(filepath.Join(dir, "dump.svg"), "Dump of IPv4 routes", "ns a message", best); err != nil {
		return err
	}
	if err := r.bySize(filepath.Join(dir, "memory.svg"), "Dump of IPv4 routes", "peak memory, MiB", peak); err != nil {
		return err
	}
	return r.ratios(filepath.Join(dir, "ratios.svg"))
}

// bySize plots something of each contender of the dumps of routes.
func (r *Report) bySize(file, title, unit string, value func(Series, Row) float64) error {
	lines := map[string]plotter.XYs{}
	var names []string
	for _, s := range r.Measured {
		if s.Workload != "dump-routes" {
			continue
		}
		for _, row := range s.Rows {
			if v := value(s, row); v > 0 { // nothing is known of ip's memory
				if lines[row.Contender] == nil {
					names = append(names, row.Contender)
				}
				lines[row.Contender] = append(lines[row.Contender], plotter.XY{X: float64(s.Size), Y: v})
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	p := plot.New()
	p.Title.Text = title
	p.X.Label.Text, p.Y.Label.Text = "routes", unit
	logarithmic(&p.X)
	logarithmic(&p.Y)
	p.Add(plotter.NewGrid())
	for i, name := range names {
		line, points, err := plotter.NewLinePoints(lines[name])
		if err != nil {
			return err
		}
		line.Color, line.Width = plotutil.Color(i), vg.Points(1.5)
		points.Color, points.Shape = plotutil.Color(i), plotutil.Shape(i)
		p.Add(line, points)
		p.Legend.Add(name, line, points)
	}
	p.Legend.Top = true
	p.X.Max *= 30 // room for the legend
	return p.Save(20*vg.Centimeter, 12*vg.Centimeter, file)
}

// ratios plots, for each workload that C does too, what each contender takes of C's time.
func (r *Report) ratios(file string) error {
	type point struct {
		name  string
		ratio float64
	}
	p := plot.New()
	p.Title.Text = "Time of each contender, as a share of C on libnl"
	p.Y.Label.Text = "of C (less is faster)"
	logarithmic(&p.Y)
	p.Add(plotter.NewGrid())
	var labels []string
	series := map[string]plotter.XYs{}
	for _, s := range r.Measured {
		if _, ok := s.Row("c"); !ok || s.Memory {
			continue
		}
		var points []point
		for _, name := range []string{"bare", "nl", "libnl", "mdlayher", "vishvananda"} {
			if v := s.Ratio(name, "c"); !math.IsNaN(v) && v > 0 {
				points = append(points, point{name, v})
			}
		}
		slices.SortFunc(points, func(a, b point) int { return cmp.Compare(a.ratio, b.ratio) })
		for _, pt := range points {
			series[pt.name] = append(series[pt.name], plotter.XY{X: float64(len(labels)), Y: pt.ratio})
		}
		label := s.Workload
		if s.Size > 1 {
			label = fmt.Sprintf("%s %s", label, thousands(s.Size))
		}
		labels = append(labels, label)
	}
	if len(labels) == 0 {
		return nil
	}
	for i, name := range []string{"bare", "nl", "libnl", "mdlayher", "vishvananda"} {
		if len(series[name]) == 0 {
			continue
		}
		points, err := plotter.NewScatter(series[name])
		if err != nil {
			return err
		}
		points.Color, points.Shape, points.Radius = plotutil.Color(i), plotutil.Shape(i), vg.Points(4)
		p.Add(points)
		p.Legend.Add(name, points)
	}
	p.NominalX(labels...)
	p.X.Tick.Label.Rotation = math.Pi / 4
	p.X.Tick.Label.XAlign, p.X.Tick.Label.YAlign = -1, -0.5
	p.Legend.Top = true
	p.X.Max += 4 // room for the legend
	return p.Save(24*vg.Centimeter, 14*vg.Centimeter, file)
}

func logarithmic(a *plot.Axis) {
	a.Scale = plot.LogScale{}
	a.Tick.Marker = plot.LogTicks{Prec: -1}
}
