use geofence::sea::*; use model::Position; use std::io::*;
fn main(){
    let sea=Sea::built_in();
    let at=|x:f64,y:f64|Position::from_degrees(x,y).unwrap();
    let show=std::env::args().nth(1).is_some();
    for line in stdin().lines() { let line=line.unwrap(); if line.trim().is_empty() {continue;}
        let f: Vec<&str>=line.split_whitespace().collect(); let n=|i:usize|f[i].parse::<f64>().unwrap();
        let (a,b)=(at(n(1),n(2)),at(n(3),n(4)));
        let want=f.get(5).and_then(|x|x.parse::<f64>().ok());
        let w=sea.search(a,1.6e7); let d=w.distance_m(&sea,b).map(|m|m/1852.);
        let v=sea.search(b,1.6e7); let e=v.distance_m(&sea,a).map(|m|m/1852.);
        println!("{:40} {:8.1} back {:8.1} gc {:8.1} want {:?} err {:?} cells {} {}", f[0], d.unwrap_or(-1.), e.unwrap_or(-1.), a.distance_m(b)/1852., want, want.zip(d).map(|(w,d)|((d/w-1.)*1e4).round()/1e2), sea.is_water(Cell::at(a)), sea.is_water(Cell::at(b)));
        if show { for p in w.path(&sea,b).unwrap_or_default(){println!("    {:.3} {:.3}",p.lon as f64/1e6,p.lat as f64/1e6);} }
    }
}
